"""What a person sees of training: a bar on a terminal, lines elsewhere, and how to go on."""

from __future__ import annotations

import io
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

from rich.console import Console

import diffprog
from diffprog.learn.progress import Meter

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

ROW: dict[str, object] = {
    "step": 10,
    "loss": 0.666,
    "soft": 0.514,
    "crisp": 0.6,
    "dev": 0.55,
    "entropy": 0.8604,
    "restart": 12,
    "fit": 3,
}
TEXT = """\
program f(a: bool, b: bool) -> bool:
    return choose(a and b, a or b)
"""


def test_the_bar_fits_a_terminal() -> None:
    """Soft and crisp accuracy, entropy and the best restart, within 80 columns."""
    meter = Meter(
        100_000, shown=True, console=Console(force_terminal=True, width=80, file=io.StringIO())
    )
    with meter:
        meter.update(250, ROW)
    out = meter.console.file
    assert isinstance(out, io.StringIO)
    wanted = "250/100000 soft 51.4%  crisp 60.0%  dev 55.0%  entropy 0.86  best #12"
    assert wanted in out.getvalue()


def test_lines_elsewhere(capsys: pytest.CaptureFixture[str]) -> None:
    """No more than some twenty lines, the last step among them; nothing where it is not asked."""
    for shown in (True, False):
        with Meter(1000, shown=shown, console=Console(file=sys.stdout, width=40)) as meter:
            for step in range(1, 1001):
                meter.update(step, {**ROW, "step": step}, last=step == 1000)
        lines = capsys.readouterr().out.splitlines()
        assert (20 <= len(lines) <= 22) if shown else not lines


def test_an_interrupted_training_says_how_to_go_on(tmp_path: Path) -> None:
    """Ctrl-C: exit 130, the checkpoint is there, standard output is empty."""
    (tmp_path / "f.dp").write_text(TEXT)
    wrong = '{"in": {"a": false, "b": true}, "out": %s}\n'
    (tmp_path / "data.jsonl").write_text(wrong % "true" + wrong % "false")
    args = ["train", "f.dp", "--data", "data.jsonl", "--steps", "1000000", "--out", "run"]
    command = [sys.executable, "-m", "diffprog", *args]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=tmp_path, stdout=pipe, stderr=pipe, text=True) as run:
        limit = time.monotonic() + 60
        while not (tmp_path / "run" / "checkpoint.safetensors").exists():
            assert run.poll() is None, run.communicate()
            assert time.monotonic() < limit
            time.sleep(0.1)
        run.send_signal(signal.SIGINT)
        out, err = run.communicate(timeout=60)
    assert (run.returncode, out) == (130, "")
    assert "the same command goes on from the checkpoint in run" in err
    assert "Traceback" not in err


def test_metrics_say_what_loops_cost() -> None:
    """Of a loop `by act` the steps and the remainder: here one, the chance of stopping is 1."""
    text = (
        "program think(x: real) -> real:\n    learn w: real\n"
        "    repeat max 3 by act(epsilon = 0.1):\n        x = x * w\n    until chance(1.0)\n"
        "    return x\n"
    )
    options = {"estimator": "soft", "restarts": 2, "steps": 4, "every": 2, "progress": False}
    pairs = [({"x": 1.0}, 3.0), ({"x": 2.0}, 6.0)]
    result = diffprog.fit(diffprog.loads(text), pairs, **options)
    assert [row["cost"] for row in result.metrics] == [2.0, 2.0]
