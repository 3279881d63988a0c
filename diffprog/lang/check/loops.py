"""Loops: what they carry, how far they count, how they halt."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

from diffprog.errors import Label
from diffprog.lang import syntax, typed
from diffprog.lang.check.branches import read
from diffprog.lang.check.context import Frame, did_you_mean
from diffprog.lang.check.convert import convert
from diffprog.lang.check.expressions import expression, meets, test
from diffprog.lang.check.names import assigned, deciders, name_span, walk
from diffprog.lang.check.naming import is_new
from diffprog.lang.check.narrow import facts, is_constant
from diffprog.lang.check.scope import Gone, Scope, Variable
from diffprog.lang.check.sizes import static
from diffprog.types import Array, Int, Type, is_finite

if TYPE_CHECKING:
    from diffprog.errors import Span

BlockChecker: TypeAlias = Callable[[Frame, syntax.Block], list[typed.TStatement]]

_OPTIONS = {"act": "epsilon", "ponder": "prior"}


@dataclass
class _Loop:
    """A loop that is being checked: the variables before and at the start of its body."""

    frame: Frame
    outside: Scope
    start: Scope
    prelude: list[typed.TStatement]

    def leave(self, counter: str = "") -> typed.Merged:
        """End the loop; return what it carried."""
        inside, after = self.frame.scope, self.outside
        carried: list[tuple[str, Type]] = []
        for name, variable in inside.variables.items():
            before = self.start.variables.get(name)
            if before is None or name == counter:
                place = "it counts the loop" if name == counter else "it gets one here"
                after.gone[name] = Gone(
                    "it lives only inside its loop",
                    (Label(variable.span, place),),
                    "assign what you need to a variable that has a value before the loop",
                )
            elif variable is not before:
                if before.type is not None:
                    carried.append((name, before.type))
                old = after.variables[name]
                after.set(name, replace(before, pinned=old.pinned, loop=old.loop))
        self.frame.scope = after
        return tuple(carried)


def _enter(frame: Frame, body: syntax.Block, span: Span) -> _Loop:
    """Begin a loop: what its body assigns keeps one type from here on, and no narrowing."""
    outside, prelude = frame.scope, list[typed.TStatement]()
    start = outside.fork()
    for name in {**assigned(body), **deciders(body)}:  # a decision changes its controller's state
        known = outside.variables.get(name)
        if known is None or known.counter:
            continue
        wide = known.carried(span.line)
        if wide.type is not None and wide.type != known.type:
            value = convert(read(outside, name, span), wide.type)
            prelude.append(typed.Assign(typed.Place(name, (), wide.type), value, span=span))
            outside.set(name, replace(known, type=wide.type))
        start.set(name, wide)
    frame.scope = start.fork()
    return _Loop(frame, outside, start, prelude)


# --- for ------------------------------------------------------------------------------------------


def for_(frame: Frame, node: syntax.For, block: BlockChecker) -> list[typed.TStatement]:
    """Check a `for` over a range or an array."""
    if isinstance(node.over, syntax.Range):
        return _for_range(frame, node, node.over, block)
    array = expression(frame, node.over)
    if array is not None and not isinstance(array.type, Array):
        hint = f"count with `for {node.name} in 0 .. n:`" if isinstance(array.type, Int) else ""
        message = f"`for` goes over an array or a range, but this is `{array.type}`"
        frame.error("DP505", message, node.over.span, help=hint)
        array = None
    if array is None or not isinstance(array.type, Array):
        _body(frame, node, None, block)
        return []
    if array.type.shape[0] == 0:
        frame.unit.skipped.append(node.body)
        return []
    rest = array.type.shape[1:]
    item: Type = Array(rest, array.type.item) if rest else array.type.item
    loop, body, carried = _body(frame, node, item, block)
    made = typed.ForEach(node.name, array, item, tuple(body), carried, span=node.span)
    return [*loop.prelude, made]


def _body(
    frame: Frame, node: syntax.For, t: Type | None, block: BlockChecker
) -> tuple[_Loop, list[typed.TStatement], typed.Merged]:
    span = name_span(node, node.name)
    free = is_new(frame, node.name, span, "it cannot count a loop")
    loop = _enter(frame, node.body, node.span)
    if free:
        frame.scope.set(node.name, Variable(t, span, pinned=t, counter=True))
    body = block(frame, node.body)
    return loop, body, loop.leave(node.name if free else "")


def _for_range(
    frame: Frame, node: syntax.For, over: syntax.Range, block: BlockChecker
) -> list[typed.TStatement]:
    lo, hi = _bound(frame, over.lo), _bound(frame, over.hi)
    step = 1 if over.step is None else _step(frame, over.step)
    if lo is None or hi is None or step is None:
        _body(frame, node, None, block)
        return []
    assert isinstance(lo.type, Int)
    assert isinstance(hi.type, Int)
    counter = _counted(lo.type, hi.type, step)
    if counter.size < 1:
        _never_runs(frame, node, over, step)
        return []
    loop, body, carried = _body(frame, node, counter, block)
    made = typed.For(node.name, counter, lo, hi, step, tuple(body), carried, span=node.span)
    return [*loop.prelude, made]


def _counted(lo: Int, hi: Int, step: int) -> Int:
    """Return the range of a counter; where both ends are known, of the last one too."""
    if lo.size == hi.size == 1:
        passed = range(lo.lo, hi.lo, step)
        ends = sorted((passed[0], passed[-1])) if passed else (0, -1)
        return Int(ends[0], ends[1] + 1)
    return Int(lo.lo, hi.hi - 1) if step > 0 else Int(hi.lo + 1, lo.hi)


def _bound(frame: Frame, e: syntax.Expr) -> typed.Expr | None:
    found = expression(frame, e)
    if found is None or isinstance(found.type, Int):
        return found
    hint = "`len(xs)` is its length" if isinstance(found.type, Array) else ""
    message = f"a range counts in ints, but this is `{found.type}`"
    frame.error("DP505", message, e.span, help=hint)
    return None


def _step(frame: Frame, e: syntax.Expr) -> int | None:
    step = static(frame, e)
    if step != 0:
        return step
    frame.error("DP504", "a loop cannot step by 0", e.span, help="`step 1` or `step -1`")
    return None


def _never_runs(frame: Frame, node: syntax.For, over: syntax.Range, step: int) -> None:
    """A range that sizes make empty is fine; one that is always empty is a slip."""
    if any(isinstance(n, syntax.Name | syntax.Call) for n in walk(over)):
        frame.unit.skipped.append(node.body)
        return
    hint = "to count down write `step -1`" if step > 0 else "to count up leave out the step"
    message = "this loop never runs: its range is empty"
    frame.unit.report.warn("DP907", message, over.span, help=hint)


# --- while and repeat -----------------------------------------------------------------------------


def while_(frame: Frame, node: syntax.While, block: BlockChecker) -> list[typed.TStatement]:
    """Check `while test max n`."""
    most, halting = _most(frame, node.max), _halting(frame, node.halting)
    loop = _enter(frame, node.body, node.span)
    with frame.barring("the test of a loop is met each time round"):
        question = test(frame, node.test)
    found = {} if question is None else facts(question, True)
    if question is not None and not is_constant(question):
        meets(frame, node.body, found, node.test, "never true")
    if found is None:
        loop.leave()
        return loop.prelude
    frame.scope = frame.scope.fork(found)
    body = block(frame, node.body)
    carried = loop.leave()
    if question is None or most is None or halting is None:
        return []
    _check_act(frame, node, halting, carried, loop)
    made = typed.While(question, most, halting, tuple(body), carried, span=node.span)
    return [*loop.prelude, made]


def repeat(frame: Frame, node: syntax.Repeat, block: BlockChecker) -> list[typed.TStatement]:
    """Check `repeat max n … until test`; the test sees the names of the body."""
    most, halting = _most(frame, node.max), _halting(frame, node.halting)
    loop = _enter(frame, node.body, node.span)
    body = block(frame, node.body)
    with frame.barring("the test of a loop is met each time round"):
        until = test(frame, node.until)
    carried = loop.leave()
    if until is None or most is None or halting is None:
        return []
    _check_act(frame, node, halting, carried, loop)
    made = typed.Repeat(tuple(body), until, most, halting, carried, span=node.span)
    return [*loop.prelude, made]


def _most(frame: Frame, e: syntax.Expr) -> int | None:
    most = static(frame, e)
    if most is None or most >= 1:
        return most
    frame.error("DP501", f"a loop needs a bound of at least 1, but this is {most}", e.span)
    return None


def _halting(frame: Frame, node: syntax.Halting | None) -> typed.Halting | None:
    if node is None:
        return typed.Halting("plain", 0.0)
    if node.kind not in _OPTIONS:
        hint = did_you_mean(node.kind, _OPTIONS, "`act(epsilon = 0.01)` or `ponder(prior = 0.2)`")
        frame.error("DP502", f"loops do not halt by `{node.kind}`", node.span, help=hint)
        return None
    wanted = _OPTIONS[node.kind]
    usage = f"write `by {node.kind}({wanted} = {0.01 if wanted == 'epsilon' else 0.2})`"
    if [name for name, _ in node.options] != [wanted]:
        message = f"`{node.kind}` takes one option, `{wanted}`"
        frame.error("DP502", message, node.span, help=usage)
        return None
    value = expression(frame, node.options[0][1])
    if value is None:
        return None
    if not isinstance(value, typed.Lit) or not isinstance(value.value, int | float):
        frame.error("DP502", f"`{wanted}` must be a number", value.span, help=usage)
        return None
    number = float(value.value)
    if not 0 < number < 1:
        message = f"`{wanted}` must lie between 0 and 1, but this is {number:g}"
        frame.error("DP502", message, value.span, help=usage)
        return None
    return typed.Halting(node.kind, number)


def _check_act(
    frame: Frame,
    node: syntax.While | syntax.Repeat,
    halting: typed.Halting,
    carried: typed.Merged,
    loop: _Loop,
) -> None:
    """`act` ends in a weighted sum of states, and there is no such sum of ints or bools."""
    if halting.kind != "act":
        return
    for name, t in carried:
        if _has_finite(t):
            assert node.halting is not None
            frame.error(
                "DP503",
                f"a loop `by act` ends in a weighted sum of its states, but `{name}` is `{t}`",
                node.halting.span,
                others=(Label(loop.outside.variables[name].span, f"`{name}` begins here"),),
                help=f"make `{name}` real, or halt `by ponder`, or by the test alone",
            )


def _has_finite(t: Type) -> bool:
    items = getattr(t, "items", None)
    return any(map(_has_finite, items)) if items is not None else is_finite(t)
