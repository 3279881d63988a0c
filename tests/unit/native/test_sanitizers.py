"""Native code under the address and undefined-behaviour sanitizers.

Each program is one executable without Python: its parameters, gradients and tape lie in
allocations of just their size, so that one number too far stops it.
"""

from __future__ import annotations

import subprocess
from functools import lru_cache
from typing import TYPE_CHECKING

import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import diffprog as dp
from diffprog.native import build
from diffprog.native.generate import generate, supported
from diffprog.native.values import room
from tests.laws.harness import LAW, graph_of
from tests.strategies import Generated, programs
from tests.unit.native.test_native import PROGRAMS
from tests.unit.soft.soften import random_value

if TYPE_CHECKING:
    from pathlib import Path

    from diffprog.ir.graph import Graph

SANITIZE = ("-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-g")
ROWS = 19
"""Whole blocks and a part of one, in single and in double precision."""

DRIVER = """
#include <stdio.h>
#include <stdlib.h>
static void *space(long n) {
  char *p = aligned_alloc(BYTES, (n > 0 ? (n + BYTES - 1) / BYTES * BYTES : BYTES));
  memset(p, 0, n > 0 ? n : 1);
  return p;
}
static real *numbers(const double *from, long n) {
  real *p = malloc((n > 0 ? n : 1) * sizeof(real));
  for (long i = 0; i < n; i++) p[i] = from ? (real)from[i] : (real)((i * 37 % 11) * 0.1 - 0.5);
  return p;
}
int main(void) {
  const long blocks = (ROWS + L - 1) / L;
  for (long keep = 0; keep <= blocks; keep++) {
    call a = {ROWS, 0, ROWS, (blocks - keep) * L, 1, 0, 0, 1};
    for (int i = 0; i < INS; i++) {
      a.step[i] = i < PARAMS ? ins[i] : 0;
      a.in[i] = numbers(data[i], ins[i] * (a.step[i] ? ROWS : 1));
      a.gin[i] = numbers(0, ins[i] * (a.step[i] ? ROWS : 1));
    }
    for (int i = 0; i < OUTS; i++) {
      a.out[i] = numbers(0, outs[i] * ROWS);
      a.gout[i] = i < RESULTS ? numbers(0, outs[i] * ROWS) : 0;
    }
    a.tape = space(TAPE * keep * sizeof(num)), a.own = space(TAPE * sizeof(num));
    a.room = space(ROOM * sizeof(num));
    forward(&a);
    call back = a;
    memset(back.out, 0, sizeof back.out);
    reverse(&back);
    for (int i = 0; i < INS; i++) free((void *)a.in[i]), free(a.gin[i]);
    for (int i = 0; i < OUTS; i++) free(a.out[i]), free((void *)a.gout[i]);
    free(a.tape), free(a.own), free(a.room);
  }
  return 0;
}
"""


@lru_cache(maxsize=1)
def sanitizers() -> tuple[str, ...]:
    """Return the flags, none where the compiler has no sanitizers."""
    command = [str(build.compiler()), *SANITIZE, "-x", "c", "-", "-o", "/dev/null"]
    text = "int main(void) { return 0; }"
    done = subprocess.run(command, input=text, text=True, capture_output=True, check=False)
    return () if done.returncode else SANITIZE


def listed(kind: str, name: str, values: list[object]) -> str:
    """Return the C of an array, which is never empty."""
    return f"static const {kind} {name}[] = {{{', '.join(map(str, values)) or '0'}}};"


def run(graph: Graph, folder: Path, precision: str) -> None:
    """Compile a program with its driver and run it."""
    made = generate(graph)
    g = torch.Generator().manual_seed(3)
    lines, data = [], []
    for i, p in enumerate(graph.params):
        numbers = random_value(p.type, g, (ROWS,)).flatten().tolist()
        lines.append(listed("double", f"data{i}", numbers))
        data.append(f"data{i}")
    data += ["0"] * len(made.holes)
    ins = [*made.params, *made.holes.values()]
    outs = [*(room(t) for t in made.results), *(1 for _ in made.notes)]
    sizes = {"ROWS": ROWS, "INS": len(ins), "PARAMS": len(made.params), "OUTS": len(outs),
             "RESULTS": len(made.results), "TAPE": made.tape, "ROOM": made.room}  # fmt: skip
    lines += [f"#define {k} ((long){v})" for k, v in sizes.items()]
    lines += [listed("double *const", "data", list(data)), listed("long", "ins", list(ins))]
    lines.append(listed("long", "outs", list(outs)))
    text = "\n".join([build.PRECISIONS[precision] + made.text(ROWS), *lines, DRIVER])
    source, program = folder / "program.c", folder / "program"
    source.write_text(text, encoding="utf-8")
    flags = ("-O0", "-std=gnu11", "-w", *sanitizers())
    command = [str(build.compiler()), *flags, str(source), "-o", str(program), "-lm"]
    subprocess.run(command, check=True)
    done = subprocess.run([str(program)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-4000:]


def without_compiler() -> bool:
    """Say whether there is no compiler; then the message is checked."""
    if build.compiler() is not None:
        return False
    with pytest.raises(build.BuildError, match="no C compiler"):
        build.library("", "double")
    return True


def test_they_see(tmp_path: Path) -> None:
    """A write one number too far stops the program, where there are sanitizers."""
    if without_compiler():
        return
    text = "#include <stdlib.h>\nint main(int n, char **a) { char *p = malloc(n); p[n] = 1; }"
    source, program = tmp_path / "wrong.c", tmp_path / "wrong"
    source.write_text(text, encoding="utf-8")
    command = [str(build.compiler()), "-O0", *sanitizers(), str(source), "-o", str(program)]
    subprocess.run(command, check=True)
    assert bool(subprocess.run([str(program)], capture_output=True, check=False).returncode) == (
        sanitizers() == SANITIZE
    )


QUICK = ("learned sort", "apart", "extremes of reals", "counter")


@pytest.mark.parametrize(
    ("name", "precision"),
    [
        pytest.param(name, p, marks=() if name in QUICK and p == "double" else pytest.mark.slow)
        for name in PROGRAMS
        for p in ("double", "float")
    ],
)
def test_programs(name: str, precision: str, tmp_path: Path) -> None:
    """Hand-written programs."""
    if not without_compiler():
        run(dp.loads(PROGRAMS[name], "test.dp").simplified, tmp_path, precision)


@settings(LAW, max_examples=4)
@given(programs(), st.sampled_from(["double", "float"]))
def test_some_generated_programs(
    tmp_path_factory: pytest.TempPathFactory, program: Generated, precision: str
) -> None:
    """A few generated programs."""
    graph = graph_of(program)
    assume(supported(graph) is None)
    if not without_compiler():
        run(graph, tmp_path_factory.mktemp("run"), precision)


@pytest.mark.slow
@settings(LAW, max_examples=80)
@given(programs(), st.sampled_from(["double", "float"]))
def test_generated_programs(
    tmp_path_factory: pytest.TempPathFactory, program: Generated, precision: str
) -> None:
    """Many generated programs."""
    graph = graph_of(program)
    assume(supported(graph) is None)
    if not without_compiler():
        run(graph, tmp_path_factory.mktemp("run"), precision)
