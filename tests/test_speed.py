"""How fast the tool itself is, and how much memory long loops take.

Times are of the processor and not of the clock, and the least of several runs: other work on the
machine disturbs them little. Bounds have room to spare.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import diffprog as dp
from diffprog.ir.graph import walk

if TYPE_CHECKING:
    from collections.abc import Callable

SHORT = """\
size n = 3

program sort(xs: int<10>[n]) -> int<10>[n]:
    for end in n - 1 .. 0 step -1:
        for i in 0 .. end:
            choose given xs[i], xs[i + 1]:
                swap xs[i], xs[i + 1]
                pass
    return xs
"""
BLOCK = """\
    v{i} = (a + {k}) % 9
    if v{i} > {m}:
        a = v{i}
    else:
        a = xs[{c}]
    for i{i} in 0 .. n - 1:
        swap xs[i{i}], xs[i{i} + 1]
    xs[{c}] = clamp(a + v{i} * 2, 0, 8)
"""


def long_program(lines: int) -> str:
    """Return a program of so many lines, without loose ends."""
    text = "size n = 8\nprogram p(xs: int<9>[n], a: int<9>) -> int<9>:\n"
    for i in range((lines - 3) // 8):
        text += BLOCK.format(i=i, k=i % 9, m=i % 7, c=i % 8)
    while text.count("\n") < lines - 1:
        text += "    a = (a + 1) % 9\n"
    return f"{text}    return a\n"


def least(run: Callable[[], object], times: int = 3) -> float:
    """Return the least processor time of several runs."""
    found = []
    for _ in range(times):
        start = time.process_time()
        run()
        found.append(time.process_time() - start)
    return min(found)


def children() -> float:
    """Return the processor time of child processes so far."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def command(*args: str) -> float:
    """Run the command line in a process of its own and return its processor time.

    It is compiled on the first run, as an installed package is, even where Python is told not to.
    """
    env = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    env["PYTHONPYCACHEPREFIX"] = str(Path(args[-1]).parent / "compiled")
    start = children()
    done = subprocess.run(
        [sys.executable, "-m", "diffprog", *args], capture_output=True, check=True, env=env
    )
    assert done.returncode == 0
    return children() - start


def test_checking_a_thousand_lines(tmp_path: Path) -> None:
    """Under a second, start included."""
    text = long_program(1000)
    assert text.count("\n") == 1000
    (tmp_path / "long.dp").write_text(text, encoding="utf-8")
    assert min(command("check", str(tmp_path / "long.dp")) for _ in range(3)) < 1.5


def test_checking_grows_with_the_length() -> None:
    """Four times the lines take at most some eight times as long: nothing is quadratic."""
    short, long = long_program(250), long_program(1000)
    dp.loads(short)
    ratio = least(lambda: dp.loads(long).warnings) / least(lambda: dp.loads(short).warnings)
    assert ratio < 8


def test_checking_ten_lines(tmp_path: Path) -> None:
    """Under a third of a second."""
    (tmp_path / "short.dp").write_text(SHORT, encoding="utf-8")
    assert min(command("check", str(tmp_path / "short.dp")) for _ in range(10)) < 0.45


def test_checking_loads_neither_torch_nor_networkx(tmp_path: Path) -> None:
    """Nor numpy, nor what draws."""
    (tmp_path / "short.dp").write_text(SHORT, encoding="utf-8")
    probe = (
        "import sys\nfrom diffprog.cli import main\n"
        f"sys.argv = ['diffprog', 'check', {str(tmp_path / 'short.dp')!r}]\n"
        "try:\n    main()\nexcept SystemExit as end:\n    assert not end.code\n"
        "print([m for m in ('torch', 'networkx', 'numpy', 'graphviz') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


LOOPS = {
    "for": "    for i in 0 .. n:\n        x = (x + k) % 5\n",
    "while": "    while x < 4 max n:\n        x = min(x + k + 1, 4)\n",
    "repeat": "    repeat max n:\n        x = (x + k) % 5\n    until x == 0\n",
    "nested": "    for i in 0 .. n:\n        for j in 0 .. n:\n            x = (x + k) % 5\n",
}


def loop(kind: str, rounds: int) -> dp.Program:
    """Return a program with a loop of so many rounds."""
    head = "size n = 3\n\nprogram p(x: int<5>, k: int<5>) -> int<5>:\n"
    return dp.loads(f"{head}{LOOPS[kind]}    return x\n", n=rounds)


@pytest.mark.parametrize("kind", LOOPS)
def test_graphs_do_not_grow_with_rounds(kind: str) -> None:
    """Neither the graph nor the generated source does."""
    few, many = loop(kind, 300), loop(kind, 9000)
    counts = [len(list(walk(p.simplified))) for p in (few, many)]
    assert counts[0] == counts[1]
    lines = [p.soften().source.count("\n") for p in (few, many)]
    assert lines[0] == lines[1]


MEMORY = """\
import resource, sys, torch
import diffprog as dp
torch.set_num_threads(1)
text = (
    "size n = 3\\n\\nprogram p(x: real, k: real) -> real:\\n    for i in 0 .. n:\\n"
    "        x = sin(x) + k\\n    return x\\n"
)

def run(rounds, rows):
    module = dp.loads(text, n=rounds).soften()
    x = torch.zeros(rows, requires_grad=True)
    k = torch.full((rows,), 0.001, requires_grad=True)
    module(x=x, k=k).sum().backward()
    assert x.grad.isfinite().all() and k.grad.isfinite().all()

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

run(300, 1)  # loads all that it needs
before = peak()
run(int(sys.argv[1]), int(sys.argv[2]))
print(peak() - before)
"""


def memory(rounds: int, rows: int) -> float:
    """Return the memory in KiB that a loop of so many rounds needs, forward and backward."""
    done = subprocess.run(
        [sys.executable, "-c", MEMORY, str(rounds), str(rows)],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    return float(done.stdout)


@pytest.mark.parametrize("rows", [1 << 13, 1 << 15])
def test_long_loops_take_bounded_memory(rows: int) -> None:
    """A hundred times the rounds take less than ten times the memory, and no recursion.

    A hundred rounds keep a hundred states. What is measured of them may be less, where loading the
    libraries had taken more for a moment.
    """
    states = 100 * rows * 4 / 1024
    assert memory(10_000, rows) < 10 * max(memory(100, rows), states)
