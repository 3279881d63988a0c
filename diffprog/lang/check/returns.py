"""Where a function returns: last, once, and on every path.

Works on syntax alone, so that it speaks also of code that is not checked at these sizes.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from diffprog.errors import Label
from diffprog.lang import syntax
from diffprog.lang.check.names import name_span, walk

if TYPE_CHECKING:
    from diffprog.errors import Report


def check_returns(report: Report, function: syntax.Function) -> None:
    """Report returns that are not last, and a function that may end without one."""
    if not _ends(report, function.body):
        report.error(
            "DP508",
            f"`{function.name}` ends without a `return`",
            name_span(function, function.name),
            others=(Label(function.result.span, "it promises this"),),
            help="end it with `return …`",
        )


def _ends(report: Report, block: syntax.Block) -> bool:
    """Say whether a block in last position returns; report returns that come before its end."""
    for s, following in pairwise(block):
        _too_early(report, s, following)
    last = block[-1] if block else None
    match last:
        case syntax.Return():
            return True
        case syntax.Do(body):
            return _ends(report, body)
        case syntax.If(branches, otherwise):
            return _all_end(report, last, [*(b for _, b in branches), otherwise])
        case syntax.Match(_, cases):
            return _all_end(report, last, [c.body for c in cases])
        case syntax.ChooseBlock(_, alternatives):
            return _all_end(report, last, [(a,) for a in alternatives])
        case syntax.For() | syntax.While() | syntax.Repeat():
            _in_loop(report, last)
            return False
        case _:
            return False


def _all_end(report: Report, s: syntax.Syntax, cases: list[syntax.Block | None]) -> bool:
    ends = [case is not None and _ends(report, case) for case in cases]
    if any(ends) and not all(ends):
        lacking = next(case for case, end in zip(cases, ends, strict=True) if not end)
        span = lacking[-1].span if lacking else s.span
        first = next(r for r in walk(s) if isinstance(r, syntax.Return))
        report.error(
            "DP508",
            "one case returns, but another does not",
            span,
            label="this one goes on" if lacking else "there is no `else`",
            others=(Label(first.span, "this one returns"),),
            help="return in every case, or assign in the cases and return after them",
        )
    return any(ends)


def _in_loop(report: Report, loop: syntax.Syntax) -> None:
    for node in walk(loop):
        if isinstance(node, syntax.Return):
            report.error(
                "DP506",
                "a loop cannot return",
                node.span,
                help="keep the answer in a variable and return it after the loop; "
                "`while … max n` and `repeat … until` end early",
            )


def _too_early(report: Report, s: syntax.Statement, following: syntax.Statement) -> None:
    if isinstance(s, syntax.For | syntax.While | syntax.Repeat):
        _in_loop(report, s)
        return
    for node in walk(s):
        if not isinstance(node, syntax.Return):
            continue
        if node is s:
            message, hint = "nothing runs after a `return`", "take away what follows"
        else:
            message = "a `return` must be the last thing that a function does"
            hint = "put what follows the `if` under its `else:`"
        others = (Label(following.span, "this comes after it"),)
        report.error("DP507", message, node.span, others=others, help=hint)
