"""The definition of the language: the typed tree, run in plain Python.

In: a checked program, encoded inputs, choices for its holes. Out: an `Outcome`. Slow and
obvious on purpose: lowering, passes and soft code are judged by it, so it shares nothing with
them but the table of operations. Never imports torch.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias, assert_never

from diffprog.crisp.choices import as_decider
from diffprog.crisp.evaluate import Evaluator, applied
from diffprog.crisp.values import copied, is_scalar, mixed, read, verified, write
from diffprog.errors import InvariantError, fail
from diffprog.lang import typed
from diffprog.ops import OPS
from diffprog.types import Value

if TYPE_CHECKING:
    from diffprog.crisp.choices import Choices
    from diffprog.crisp.evaluate import Scope

Trace: TypeAlias = Callable[[typed.TStatement, Mapping[str, Value]], None]
"""Told of each statement after it has run, and of the variables then (copy what you keep)."""


@dataclass(frozen=True)
class Outcome:
    """What a run gave.

    Attributes:
        value: the program's result.
        unfinished: by line of the loop, what its bound cut off: how many runs of the loop, or,
            for a loop `by act`, the weight that had not halted.
        costs: by line of a loop `by act`, its ponder cost N + R (Graves 2016, eq. 9), summed.
        steps: how many statements were run.
    """

    value: Value
    unfinished: dict[int, int | float]
    costs: dict[int, float]
    steps: int


def interpret(
    checked: typed.Checked,
    inputs: Mapping[str, Value],
    choices: Choices | None = None,
    *,
    nets: Mapping[str, Callable[..., Value]] | None = None,
    trace: Trace | None = None,
) -> Outcome:
    """Run a program.

    Args:
        checked: the program.
        inputs: a crisp value (as `encode` of its type gives it) for each parameter.
        choices: what each hole is, as a mapping or a callable; see `diffprog.crisp.choices`.
        nets: what each network and extern computes, on crisp values; several results as a tuple.
        trace: told of each statement.

    Raises:
        DiffprogError: DP32x for a hole without a fitting choice or a network without weights,
            DP601 and DP602 for arithmetic without a result, DP603 for inputs that are not the
            program's.
    """
    names = [name for name, _ in checked.main.params]
    if set(inputs) != set(names):
        wanted = ", ".join(f"`{name}`" for name in names) or "none"
        given = ", ".join(f"`{name}`" for name in inputs) or "none"
        message = f"the inputs of `{checked.main.name}` are {wanted}; given: {given}"
        fail("DP603", message, checked.main.span)
    machine = Machine(choices, nets or {}, trace)
    value = machine.call(checked.main, [inputs[name] for name in names])
    return Outcome(value, dict(machine.unfinished), dict(machine.costs), machine.steps)


@dataclass
class Machine:
    """Runs statements, and counts what a run is to report."""

    choices: Choices | None
    nets: Mapping[str, Callable[..., Value]]
    trace: Trace | None
    unfinished: dict[int, int | float] = field(default_factory=lambda: defaultdict(int))
    costs: dict[int, float] = field(default_factory=lambda: defaultdict(float))
    steps: int = 0

    def __post_init__(self) -> None:
        self.evaluator = Evaluator(as_decider(self.choices), self.call, self.nets)

    def call(self, function: typed.Function, args: list[Value]) -> Value:
        """Run a function on values; it sees nothing else, and changes none of them."""
        params = zip(function.params, args, strict=True)
        scope = {name: verified(arg, t) for (name, t), arg in params}
        self.block(function.body, scope)
        return verified(scope[typed.RESULT], function.result)

    def block(self, block: typed.Block, scope: Scope) -> None:
        """Run statements in order."""
        for statement in block:
            self.steps += 1
            self.statement(statement, scope)
            if self.trace is not None:
                self.trace(statement, scope)

    def statement(self, statement: typed.TStatement, scope: Scope) -> None:  # noqa: C901 - a case a kind
        """Run one statement."""
        value = self.evaluator.value
        match statement:
            case typed.Assign(place, new):
                self.store(place, value(new, scope), scope)
            case typed.Update():
                self.update(statement, scope)
            case typed.Swap(left, right):
                self.swap(left, right, scope)
            case typed.Learn(name, hole):
                scope[name] = self.evaluator.learned(hole)
            case typed.If(test, then, orelse):
                self.block(then if value(test, scope) else orelse, scope)
            case typed.Match():
                self.match(statement, scope)
            case typed.Choose():
                chosen = self.evaluator.choose(statement, scope)
                self.block(statement.alternatives[chosen], scope)
            case typed.For() | typed.ForEach():
                for item in self.items(statement, scope):
                    scope[statement.name] = item
                    self.block(statement.body, scope)
            case typed.While() | typed.Repeat():
                self.loop(statement, scope)
            case _:
                assert_never(statement)

    def store(self, place: typed.Place, new: Value, scope: Scope) -> None:
        """Assign to a variable or to cells of one; indices are read after the value."""
        at = self.evaluator.at(place.parts, scope)
        new = verified(new, place.type)
        scope[place.name] = write(scope[place.name], at, new) if at else new

    def update(self, statement: typed.Update, scope: Scope) -> None:
        """Run `M[i] op= v`."""
        place = statement.place
        new = self.evaluator.value(statement.value, scope)
        at = self.evaluator.at(place.parts, scope)
        old = read(scope[place.name], at)
        result = applied(OPS[statement.op], [old, new], place.type, statement.span)
        scope[place.name] = write(scope[place.name], at, result)

    def swap(self, left: typed.Place, right: typed.Place, scope: Scope) -> None:
        """Read both sides and their indices once, then write left, then right."""
        left_at = self.evaluator.at(left.parts, scope)
        right_at = self.evaluator.at(right.parts, scope)
        left_value = read(scope[left.name], left_at)
        right_value = read(scope[right.name], right_at)
        scope[left.name] = write(scope[left.name], left_at, right_value)
        scope[right.name] = write(scope[right.name], right_at, left_value)

    def match(self, statement: typed.Match, scope: Scope) -> None:
        """Run the one case that names the subject's value."""
        subject = self.evaluator.value(statement.subject, scope)
        assert is_scalar(subject)
        for numbers, body in statement.cases:
            if int(subject) in numbers:
                return self.block(body, scope)
        message = f"no case for {subject}"
        raise InvariantError(message)

    def items(self, loop: typed.For | typed.ForEach, scope: Scope) -> list[Value]:
        """Return what a `for` goes through; its bounds or array are read once, before."""
        if isinstance(loop, typed.ForEach):
            items = copied(self.evaluator.value(loop.array, scope))
            assert isinstance(items, list)
            return items
        bounds = [self.evaluator.value(bound, scope) for bound in (loop.lo, loop.hi)]
        lo, hi = (int(bound) for bound in bounds if is_scalar(bound))
        return list(range(lo, hi, loop.step))

    def loop(self, loop: typed.While | typed.Repeat, scope: Scope) -> None:
        """Run a loop that a test ends."""
        match loop.halting.kind:
            case "plain":
                self.plain(loop, scope)
            case "act":
                self.act(loop, scope)
            case "ponder":
                self.ponder(loop, scope)
            case kind:
                message = f"a loop halts by `{kind}`"
                raise InvariantError(message)

    def moments(self, loop: typed.While | typed.Repeat, scope: Scope) -> Iterator[int]:
        """Bring the state to each moment at which the loop is tested; yield the rounds so far.

        `while` is tested before each round and after the last, `repeat` after each.
        """
        if isinstance(loop, typed.While):
            yield 0
        for rounds in range(1, loop.max + 1):
            self.block(loop.body, scope)
            yield rounds

    def plain(self, loop: typed.While | typed.Repeat, scope: Scope) -> None:
        """Stop at the first moment at which the test says so."""
        for _ in self.moments(loop, scope):
            test = loop.test if isinstance(loop, typed.While) else loop.until
            if bool(self.evaluator.value(test, scope)) == isinstance(loop, typed.Repeat):
                return
        self.unfinished[loop.span.line] += 1

    def halting(self, loop: typed.While | typed.Repeat, scope: Scope) -> float:
        """Return the probability h that the test ends the loop at this moment.

        For `until chance(e)` it is e itself; any other test is a truth value, 0 or 1.
        """
        test = loop.test if isinstance(loop, typed.While) else loop.until
        unit = test.args[0] if isinstance(test, typed.Apply) and test.op == "chance" else test
        h = self.evaluator.value(unit, scope)
        assert is_scalar(h)
        return float(h) if isinstance(loop, typed.Repeat) else 1.0 - float(h)

    def act(self, loop: typed.While | typed.Repeat, scope: Scope) -> None:
        """Give each state its halting weight (Graves 2016, eqs. 6 to 9).

        Step n gets p_n = h_n until the sum of h reaches 1 - epsilon; there, or at the bound, it
        gets the remainder R = 1 - (sum of the earlier h). The loop leaves the sum of p_n s_n.
        """
        weights: list[float] = []
        states: list[Scope] = []
        taken, rest, left = 0, 1.0, 1.0
        for rounds in self.moments(loop, scope):
            taken = rounds
            h = self.halting(loop, scope)
            weights.append(h)
            states.append({name: copied(scope[name]) for name, _ in loop.carried})
            rest, left = left, left - h
            if left <= loop.halting.number:
                break
        else:
            self.unfinished[loop.span.line] += left
        weights[-1] = rest
        self.costs[loop.span.line] += taken + weights[-1]
        for name, t in loop.carried:
            scope[name] = mixed(weights, [state[name] for state in states], t)

    def ponder(self, loop: typed.While | typed.Repeat, scope: Scope) -> None:
        """Stop at the first moment by which P(stopped) is at least ½ (Banino 2021)."""
        alive = 1.0
        for _ in self.moments(loop, scope):
            alive *= 1 - self.halting(loop, scope)
            if 1 - alive >= 0.5:
                return
        self.unfinished[loop.span.line] += 1
