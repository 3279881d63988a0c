"""Learn to compare from sorted lists of three, print the program, test it on longer lists, draw it.

Run by `make demo`. What it writes stands in `runs/demo/`.
"""

from __future__ import annotations

import sys
from pathlib import Path

import torch

import diffprog as dp
from examples.bench import accuracy
from examples.sort.data import generated

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
COUNT = 256
TESTS = (8, 64)


def main(out: Path) -> None:
    """Show every step."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    program = dp.load(HERE / "sort.dp")
    _title("a program with a hole")
    print(program.source)

    _title(f"learned from {COUNT} lists of 3")
    first, answer = generated(3, COUNT, 0)[0]
    print(f"for example {first['xs']} -> {answer}")
    learned = dp.fit(
        program, generated(3, COUNT, 0), dev=generated(8, 32, 1), out=out, resume=False
    )
    last = learned.metrics[-1]
    print(
        f"estimator `{learned.estimator}`, {len(learned.metrics) and last['step']} steps: "
        f"loss {last['loss']:.3f}, {learned.share:.0%} of the restarts fit"
    )

    _title("the program that was learned")
    print(learned.program.source)
    for length in TESTS:
        right = accuracy(learned.program, generated(length, 64, 2))
        print(f"right on {right:.0%} of 64 unseen lists of {length}")

    _title("files")
    picture = program.graph().render(out / "sort.svg", weights=learned)
    for path in (out / "learned.dp", picture):
        print(_near(Path(path)))


def _title(text: str) -> None:
    print(f"\n--- {text} {'-' * (60 - len(text))}\n")


def _near(path: Path) -> Path:
    """Return a path as seen from where the user stands, where that is shorter."""
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "runs" / "demo")
