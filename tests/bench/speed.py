"""Time our programs beside hand-written torch and AlgoVision.

    python tests/bench/speed.py --json OUT [--only NAME …] [--threads 1] [--device cuda]

The table goes to stdout, with each bar met or missed; progress to stderr.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

os.environ.setdefault("OMP_NUM_THREADS", "1")

from examples.bench import environment
from tests.bench.bars import verdicts
from tests.bench.cases import CASES
from tests.bench.measure import measured
from tests.bench.report import shown
from tests.bench.toolchain import costs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.bench.bars import Verdict
    from tests.bench.measure import Row

SCHEMA = "diffprog.speed/1"
VARIANTS = (
    "hand eager",
    "ours torch",
    "ours native",
    "ours compile",
    "hand compiled",
    "ours auto",
    "AlgoVision",
    "hand padded",
    "hand module",
    "hand graphed",
    "ours graphed",
)
"""Each beside what it is compared with, as they take turns; native code is made before `auto` looks
for it, so that its compilation is timed."""


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", type=Path, metavar="OUT", help="write the rows there")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="programs or set-ups, in part")
    parser.add_argument("--variants", nargs="+", choices=VARIANTS, default=list(VARIANTS))
    parser.add_argument("--threads", type=int, default=1, help="of torch; %(default)s")
    parser.add_argument(
        "--rounds", type=int, default=25, help="of each variant, at least; %(default)s"
    )
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    return parser.parse_args()


def main() -> int:
    """Measure; print the table; return 1 if a bar was missed."""
    given = arguments()
    with tempfile.TemporaryDirectory() as cache:
        os.environ["XDG_CACHE_HOME"] = cache  # native code is compiled anew
        rows: list[Row] = []
        tools: list[Row] = []
        found = kept(given, rows, tools)
        for index, case in enumerate(CASES):
            name = f"{case.program}, {case.setup}"
            if given.only and not any(only in name for only in given.only):
                continue
            if given.device not in case.devices:
                continue
            offered = [v for v in VARIANTS if case.has(v, given.device)]
            variants = [v for v in offered if v in given.variants]
            rows += measured(index, variants, given.device, given.threads, given.rounds)
            found = kept(given, rows, tools)
        if given.device == "cpu" and (not given.only or "toolchain" in given.only):
            tools = costs()
            found = kept(given, rows, tools)
    shown(rows, tools, found)
    return int(any(not v.met for v in found))


def kept(given: argparse.Namespace, rows: Sequence[Row], tools: Sequence[Row]) -> list[Verdict]:
    """Hold what has been measured so far against the bars, and write it: a run takes long."""
    found = verdicts(rows, tools)
    if given.json is not None:
        given.json.parent.mkdir(parents=True, exist_ok=True)
        report = {
            "schema": SCHEMA,
            "environment": environment() | {"device": given.device, "threads": given.threads},
            "rows": [row.as_json() for row in (*rows, *tools)],
            "bars": [v.as_json() for v in found],
        }
        given.json.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    return found


if __name__ == "__main__":
    sys.exit(main())
