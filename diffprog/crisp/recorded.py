"""A run that keeps a record of the ways it took: decisions, cases, rounds.

In: what `interpret` takes. Out: what it gives, and a `Record`: for each place of the text where the
run had more than one way, the ways that it took, in the order in which it came there. Never imports
torch.
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from diffprog.crisp.choices import as_decider
from diffprog.crisp.evaluate import Evaluator
from diffprog.crisp.interpret import Machine
from diffprog.errors import fail
from diffprog.lang import typed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from diffprog.crisp.choices import Choices
    from diffprog.crisp.evaluate import Scope
    from diffprog.errors import Span
    from diffprog.types import Value

_LOOPS = typed.For | typed.ForEach | typed.While | typed.Repeat

Here: TypeAlias = tuple[str, int, int]
"""A place of a text: whose, from where, to where."""


def here(span: Span) -> Here:
    """Return a place as a key."""
    return (span.source.name, span.start, span.end)


@dataclass(frozen=True)
class Met:
    """A decision by a network.

    Attributes:
        hole: what was decided.
        chosen: the number of the alternative.
        weights: of the alternatives, after the mask; empty where the decision was written down.
    """

    hole: typed.Hole
    chosen: int
    weights: tuple[float, ...]


@dataclass
class Record:
    """What a run has met; each list in the order of time.

    Attributes:
        decisions: all of them.
        blocks: by branch (or `match`), the block that was run.
        sides: by conditional expression, what its test said.
        rounds: by loop, the values of its counter; of a loop that a test ends, 0, 1, ….
        carried: by loop, the variables that keep their type through it.
        ran: all that was run or evaluated.
    """

    decisions: list[Met] = field(default_factory=list)
    blocks: dict[Here, list[typed.Block]] = field(default_factory=lambda: defaultdict(list))
    sides: dict[Here, list[bool]] = field(default_factory=lambda: defaultdict(list))
    rounds: dict[Here, list[list[int]]] = field(default_factory=lambda: defaultdict(list))
    carried: dict[Here, typed.Merged] = field(default_factory=dict)
    ran: set[Here] = field(default_factory=set)


def recorded(
    checked: typed.Checked,
    inputs: Mapping[str, Value],
    choices: Choices | None,
    nets: Mapping[str, Callable[..., Value]],
) -> tuple[Value, Record]:
    """Run a program and return its value and the record.

    Raises:
        DiffprogError: DP329 for a decision in a loop `by act`, and what `interpret` raises.
    """
    machine = _Recorder(choices, nets, None)
    values = [inputs[name] for name, _ in checked.main.params]
    return machine.call(checked.main, values), machine.record


@dataclass
class _Recorder(Machine):
    """Runs statements, and writes down where it went."""

    record: Record = field(default_factory=Record)
    inside: list[typed.TStatement] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.evaluator = _Watched(
            as_decider(self.choices), self.call, self.nets, self.record, self.inside
        )

    def statement(self, statement: typed.TStatement, scope: Scope) -> None:
        """Run one statement."""
        self.record.ran.add(here(statement.span))
        self.inside.append(statement)
        if isinstance(statement, _LOOPS):
            self.record.carried[here(statement.span)] = statement.carried
        if isinstance(statement, typed.While | typed.Repeat):
            self.record.rounds[here(statement.span)].append([])
        super().statement(statement, scope)
        self.inside.pop()

    def block(self, block: typed.Block, scope: Scope) -> None:
        """Run statements in order."""
        around = self.inside[-1] if self.inside else None
        match around:  # by identity: the test of a statement may call a function, with other blocks
            case typed.If(_, then, orelse) if block is then or block is orelse:
                self.record.blocks[here(around.span)].append(block)
            case typed.Match(_, cases) if any(block is body for _, body in cases):
                self.record.blocks[here(around.span)].append(block)
            case typed.While() | typed.Repeat() if block is around.body:
                rounds = self.record.rounds[here(around.span)][-1]
                rounds.append(len(rounds))
        super().block(block, scope)

    def items(self, loop: typed.For | typed.ForEach, scope: Scope) -> list[Value]:
        """Return what a `for` goes through."""
        items = super().items(loop, scope)
        counted = isinstance(loop, typed.For)
        numbers = [v if counted and isinstance(v, int) else i for i, v in enumerate(items)]
        self.record.rounds[here(loop.span)].append(numbers)
        return items


@dataclass(frozen=True)
class _Watched(Evaluator):
    """Evaluates expressions, and writes down which."""

    record: Record
    inside: list[typed.TStatement]
    logits: list[float] = field(default_factory=list)

    def value(self, node: typed.Expr, scope: Scope) -> Value:
        """Return the value of an expression."""
        self.record.ran.add(here(node.span))
        if isinstance(node, typed.Conditional):
            taken = bool(self.value(node.test, scope))
            self.record.sides[here(node.span)].append(taken)
            return self.value(node.then if taken else node.other, scope)
        return Evaluator.value(self, node, scope)

    def choose(
        self, node: typed.ChooseValue | typed.ChooseExpr | typed.Choose, scope: Scope
    ) -> int:
        """Return the number of the alternative that is taken here."""
        self.logits.clear()
        chosen = Evaluator.choose(self, node, scope)
        if isinstance(node, typed.ChooseValue) and node.hole.by:
            self._refuse_mixed(node.span)
            weights = self._weights(self._mask(node.mask, scope))
            self.record.decisions.append(Met(node.hole, chosen, weights))
        return chosen

    def _refuse_mixed(self, span: Span) -> None:
        loops = [s for s in self.inside if isinstance(s, typed.While | typed.Repeat)]
        if any(loop.halting.kind == "act" for loop in loops):
            message = "a loop `by act` mixes its rounds: no program says what is decided in it"
            fail("DP329", message, span, hint="decide before the loop, or halt it by `ponder`")

    def _logits(self, node: typed.ChooseValue, logits: typed.Expr, scope: Scope) -> list[float]:
        found = Evaluator._logits(self, node, logits, scope)
        self.logits[:] = found
        return found

    def _weights(self, mask: tuple[bool, ...] | None) -> tuple[float, ...]:
        most = max(self.logits, default=0.0)
        allowed = mask or (True,) * len(self.logits)
        pairs = zip(self.logits, allowed, strict=True) if self.logits else ()
        parts = [math.exp(x - most) if yes else 0.0 for x, yes in pairs]
        return tuple(p / sum(parts) for p in parts)
