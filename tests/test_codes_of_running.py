"""The diagnostics of files, inputs and training: each is triggered, as its explanation says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import diffprog as dp
from diffprog.crisp.enumerate import enumerate_runs

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PLAIN = "size n = 3\n\nprogram p(xs: int<9>[n]) -> int<9>:\n    return xs[0]\n"
OPEN = "program p(x: int<3>) -> int<3>:\n    return choose int<3> given x\n"
REAL = "program p(x: real) -> bool:\n    return x > 0\n"
TABLE = "program p(x: int<3>) -> int<10>:\n    learn t: int<10>[20]\n    return t[x]\n"
PAIRS = [({"x": 1}, 2), ({"x": 0}, 0)]


def restarted(folder: Path) -> None:
    """Go on with a run that was started otherwise."""
    for restarts in (2, 3):
        options = {"restarts": restarts, "steps": 2, "out": folder / "run", "progress": False}
        dp.fit(dp.loads(OPEN), PAIRS, **options)


def every_run(_: Path) -> None:
    """Go through more runs than anyone waits for."""
    list(enumerate_runs(dp.loads(TABLE).checked, {"x": 1}, limit=10))


TRIGGERS: dict[str, Callable[[Path], object]] = {
    "DP001": lambda folder: dp.load(folder / "none.dp"),
    "DP002": lambda folder: dp.loads(PLAIN).save(folder / "none" / "p.dp"),
    "DP323": every_run,
    "DP420": lambda _: dp.loads(PLAIN, m=3),
    "DP421": lambda _: dp.loads(PLAIN, n=10**9).checked,
    "DP603": lambda _: dp.loads(PLAIN).run(ys=[1]),
    "DP604": lambda _: dp.loads(PLAIN).run(xs=[1, 2, 12]),
    "DP605": lambda _: dp.loads(PLAIN).soften(backend="numpy"),
    "DP625": restarted,
    "DP626": lambda _: dp.fit(dp.loads(PLAIN), [({"xs": [1, 2, 3]}, 1)], progress=False),
    "DP627": lambda _: dp.fit(dp.loads(OPEN), PAIRS, restarts=0, progress=False),
    "DP634": lambda _: dp.generate(dp.loads(REAL), lambda x: x > 0, 3),
}


@pytest.mark.parametrize("code", TRIGGERS)
def test_trigger(code: str, tmp_path: Path) -> None:
    """The diagnostic comes, and has this code."""
    with pytest.raises(dp.DiffprogError) as caught:
        TRIGGERS[code](tmp_path)
    assert caught.value.diagnostics[0].code == code
