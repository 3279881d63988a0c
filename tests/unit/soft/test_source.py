"""The generated file: readable, runs without diffprog, shown in tracebacks; the search for NaN."""

from __future__ import annotations

import subprocess
import sys
import traceback
from typing import TYPE_CHECKING

import pytest
import torch

import diffprog as dp
from diffprog.soft.sources import KERNELS, used
from tests.unit.soft.soften import soft

if TYPE_CHECKING:
    from pathlib import Path

PROGRAM = """
program example(xs: int<3>[4], r: real) -> (int<3>[4], real):
    learn bias: real
    for i in 0 .. 3:
        if xs[i] > xs[i + 1]:
            swap xs[i], xs[i + 1]
    repeat max 5:
        r = r * 0.5 + bias
    until r < 0.1
    choose given xs[0]:
        r = 1 / r
        r = max(r, 0.0)
    return xs, r
"""

ALONE = """
import sys
sys.modules["diffprog"] = None                  # an import of it would fail
sys.path.insert(0, sys.argv[1])
import alone, torch
torch.manual_seed(0)
xs = torch.rand(2, 4, 3).softmax(-1)
holes = {"example.bias#0": torch.zeros(()), "example.choose#0": torch.zeros(3, 2)}
report = {}
out = alone.example(xs, torch.ones(2), holes=holes, report=report)
print(torch.cat([x.flatten() for x in out]).tolist())
print(sorted(report))
"""


def test_the_file_runs_by_itself(tmp_path: Path) -> None:
    """Copied out and run where diffprog cannot be imported, it gives the same."""
    module = dp.loads(PROGRAM, "example.dp").soften()
    (tmp_path / "alone.py").write_text(module.source, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-c", ALONE, str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    numbers, kinds = done.stdout.splitlines()
    torch.manual_seed(0)
    xs = torch.rand(2, 4, 3).softmax(-1)
    with torch.no_grad():
        for hole in module.holes.values():
            hole.zero_()
        want = torch.cat([x.flatten() for x in module(xs, torch.ones(2))])
    assert torch.allclose(torch.tensor(eval(numbers)), want)
    assert kinds == "['undefined', 'unfinished']"


def test_the_file_reads_like_the_program() -> None:
    """Names and lines of the source, loops as loops; only the kernels it calls; short lines."""
    source = dp.loads(PROGRAM, "example.dp").soften().source
    assert "# 5: if xs[i] > xs[i + 1]:" in source
    assert "for i in range(0, 3):" in source
    assert "diffprog" not in source
    assert "noqa" not in source
    defined = {name for name in KERNELS if f"\ndef {name}(" in source}
    called = set(used(source[source.index("def make_constants") :]))
    assert defined == called


def test_names_cannot_collide() -> None:
    """Variables called like what the generated file uses get names of their own."""
    module = soft(
        "program torch_(like: real, report: real, T: real, read_: int<2>) -> real:\n"
        "    holes = like + report\n"
        "    constants = holes * T\n"
        "    choice_T = constants + read_\n"
        "    return choice_T\n"
    )
    got = module(like=1.0, report=2.0, T=3.0, read_=1)
    assert got.item() == 10.0


def test_tracebacks_show_the_generated_line() -> None:
    """An error inside the generated file is shown with its text."""
    module = soft(PROGRAM)
    with pytest.raises(RuntimeError) as caught:
        module.run([torch.zeros(4, 7), torch.zeros(())])
    shown = "".join(traceback.format_exception(caught.value))
    assert "<diffprog example" in shown
    assert "gt = bilinear(gt_table" in shown


def test_a_nan_is_found() -> None:
    """The operation that first gives a number that is not finite is named with its line."""
    module = soft(
        "program f(x: real) -> real:\n"
        "    y = x * 2\n"
        "    z = exp(y)\n"
        "    for i in 0 .. 3:\n"
        "        z = z * z\n"
        "    return z - z\n"
    )
    assert module.find_nan(x=1.0) is None
    found = module.find_nan(x=100.0)
    assert found is not None
    assert "`mul`" in found.message
    assert found.span is not None
    assert found.span.line == 5
    early = module.find_nan(x=1000.0)
    assert early is not None
    assert "`exp`" in early.message


def test_unread_values_are_not_computed() -> None:
    """A result that nothing reads leaves no trace in the source."""
    module = soft(
        "program f(x: real, n: int<3>) -> real:\n"
        "    a = x\n"
        "    b = x\n"
        "    for i in 0 .. 4:\n"
        "        a = a + 1\n"
        "        b = exp(b)\n"
        "    if n == 1:\n"
        "        b = tanh(b)\n"
        "    return a\n"
    )
    assert "exp" not in module.source
    assert "tanh" not in module.source


def test_a_gradient_that_is_not_finite_is_found() -> None:
    """Where all values are finite, the last one with a bad gradient is named."""
    program = dp.loads(
        "program f(x: real) -> real:\n"
        "    learn w: real\n"
        "    y = w * x\n"
        "    a = y * x\n"
        "    b = a * x\n"
        "    return sin(b) * x * x\n"
    )
    module = program.soften()
    assert module.find_nan(x=1e3) is None
    found = module.find_nan(x=1e12)
    assert found is not None
    assert "`mul` gives has the gradient" in found.message
    assert found.span is not None
    assert found.span.line == 3
    assert all(p.grad is None for p in module.parameters())
