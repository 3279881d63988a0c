"""The tables of `docs/explanation/speed.md`, from what the benchmark wrote.

    python -m tests.bench.tables speed.json [--into docs/explanation/speed.md]

Without `--into` they are printed. A table of the file stands between `<!-- numbers: NAME -->` and
`<!-- end of numbers -->`.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.bench.bars import Verdict
from tests.bench.speed import VARIANTS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

START, END = "<!-- numbers: {} -->\n", "\n<!-- end of numbers -->"


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("report", type=Path, help="what `tests.bench.speed --json` wrote")
    parser.add_argument("--into", type=Path, metavar="FILE", help="put them there")
    return parser.parse_args()


def tables(report: Mapping[str, Any]) -> dict[str, str]:
    """Return each table of a report in Markdown, by its name."""
    times, tools = {}, {}
    for r in report["rows"]:
        if r["program"] == "toolchain":
            tools[f"`{r['setup']}`", r["variant"]] = _ms(r)
        else:
            times[f"{r['program']}, {r['setup']}", r["variant"]] = _ms(r)
    bars = [Verdict(**bar) for bar in report["bars"]]
    held = [(b.what, b.wanted, b.found, "met" if b.met else "missed") for b in bars]
    return {
        "times": _grid("one step, ms", times, VARIANTS),
        "bars": _lines(("bar", "wanted", "measured", ""), held),
        "toolchain": _grid("ms of the processor", tools, [v for _, v in tools]),
    }


def _ms(row: Mapping[str, Any]) -> str:
    return "" if row["median_s"] is None else f"{1e3 * row['median_s']:.3g}"


def _grid(corner: str, cells: Mapping[tuple[str, str], str], order: Sequence[str]) -> str:
    columns = [v for v in dict.fromkeys(order) if any(v == column for _, column in cells)]
    rows = dict.fromkeys(row for row, _ in cells)
    return _lines(
        (corner, *columns), [(row, *(cells.get((row, c), "") for c in columns)) for row in rows]
    )


def _lines(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, ["---"] * len(head), *rows))


def put(text: str, found: Mapping[str, str]) -> str:
    """Return a text with its tables replaced.

    Raises:
        ValueError: a table has no place there.
    """
    for name, table in found.items():
        before, rest = text.split(START.format(name))
        _, after = rest.split(END, 1)
        text = before + START.format(name) + table + END + after
    return text


def main() -> int:
    """Print the tables, or put them into a file."""
    given = arguments()
    found = tables(json.loads(given.report.read_text(encoding="utf-8")))
    if given.into is None:
        print("\n\n".join(found.values()))
    else:
        old = given.into.read_text(encoding="utf-8")
        given.into.write_text(put(old, found), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
