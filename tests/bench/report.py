"""The benchmark's table: times, and how many times as fast each variant is as the first."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.bench.bars import Verdict
    from tests.bench.measure import Row

BASE = "hand eager"


def shown(rows: Sequence[Row], tools: Sequence[Row], verdicts: Sequence[Verdict]) -> None:
    """Print the tables."""
    console = Console(width=None if sys.stdout.isatty() else 130)
    for table, some in ((_times(rows), rows), (_tools(tools), tools), (_bars(verdicts), verdicts)):
        if some:
            console.print(table)


def _times(rows: Sequence[Row]) -> Table:
    table = Table(title="one step, forward and backward")
    table.add_column("variant", no_wrap=True)
    names = ("ms", "least", "± ms", f"x {BASE}", "compile s", "MB", "off by", "note")
    for name in names:
        table.add_column(name, justify="left" if name == "note" else "right")
    base = {(r.program, r.setup): r.median_s for r in rows if r.variant == BASE}
    before = None
    for row in rows:
        key = (row.program, row.setup)
        if key != before:
            table.add_section()
            table.add_row(f"{row.program}, {row.setup}")
        before = key
        ratio = base.get(key, float("nan")) / row.median_s
        cells = [f"{1e3 * x:.3f}" for x in (row.median_s, row.min_s, row.spread_s)]
        cells += [f"{ratio:.2f}", f"{row.compile_s:.2f}", f"{row.peak_rss_mb:.0f}"]
        cells += [f"{row.max_diff:.0e}", row.note]
        table.add_row(f"  {row.variant}", *("" if c == "nan" else c for c in cells))
    return table


def _tools(rows: Sequence[Row]) -> Table:
    stages = list(dict.fromkeys(r.variant for r in rows))
    table = Table(title="the toolchain, ms")
    table.add_column("program")
    for stage in stages:
        table.add_column(stage, justify="right")
    for program in dict.fromkeys(r.setup for r in rows):
        found = {r.variant: r for r in rows if r.setup == program}
        cells = [found[s].note or f"{1e3 * found[s].median_s:.1f}" for s in stages]
        table.add_row(program, *cells)
    return table


def _bars(verdicts: Sequence[Verdict]) -> Table:
    table = Table(title="bars")
    for name in ("what", "wanted", "measured", ""):
        table.add_column(name, justify="right" if name in ("wanted", "measured") else "left")
    for v in verdicts:
        table.add_row(v.what, v.wanted, v.found, "met" if v.met else "MISSED")
    return table
