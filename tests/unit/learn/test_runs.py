"""Runs as folders: a run that is killed and taken up again ends as if it had not been."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from diffprog.errors import DiffprogError
from diffprog.learn.fit import fit
from diffprog.pipeline import loads

if TYPE_CHECKING:
    from pathlib import Path

TEXT = """size n = 3

program sort(xs: int<4>[n]) -> int<4>[n]:
    for end in n - 1 .. 0 step -1:
        for i in 0 .. end:
            choose given xs[i], xs[i + 1]:
                swap xs[i], xs[i + 1]
                pass
    return xs
"""
SCRIPT = f"""
import sys
from diffprog.learn.fit import fit
from diffprog.pipeline import loads
xs = [[a, b, c] for a in range(4) for b in range(4) for c in range(4)]
examples = [({{"xs": x}}, sorted(x)) for x in xs]
fit(loads({TEXT!r}, "sort.dp"), examples, restarts=4, steps=int(sys.argv[2]), every=5, noise=0.1,
    batch=16, stop_when_exact=False, progress=False, out=sys.argv[1], lr=0.02)
"""
FILES = ("checkpoint.safetensors", "metrics.csv", "learned.dp", "report.json")


def started(folder: Path, steps: int) -> subprocess.Popen[bytes]:
    """Start training in a process of its own."""
    return subprocess.Popen([sys.executable, "-c", SCRIPT, str(folder), str(steps)])


def killed(folder: Path, steps: int, number: int, after: str) -> int:
    """Start training, and send a signal once the metrics say `after`."""
    process = started(folder, steps)
    metrics = folder / "metrics.csv"
    deadline = time.monotonic() + 120
    while process.poll() is None and time.monotonic() < deadline:
        if metrics.exists() and after in metrics.read_text(encoding="utf-8"):
            process.send_signal(number)
            break
        time.sleep(0.005)
    return process.wait(120)


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_a_killed_run_goes_on(tmp_path: Path, number: int) -> None:
    """Killed or interrupted and started again: every file is the same, byte for byte."""
    steps = 400
    assert started(tmp_path / "whole", steps).wait(300) == 0
    assert killed(tmp_path / "killed", steps, number, "\n60,") != 0
    assert not (tmp_path / "killed" / "report.json").exists()
    assert started(tmp_path / "killed", steps).wait(300) == 0
    for name in FILES:
        whole, other = (tmp_path / d / name for d in ("whole", "killed"))
        assert whole.read_bytes() == other.read_bytes(), name


def test_the_folder_of_another_run_is_refused(tmp_path: Path) -> None:
    """A run goes on only with what it was started with, unless told to start anew."""
    examples = [({"xs": [2, 1, 0]}, [0, 1, 2])]
    program = loads(TEXT, "sort.dp")
    fit(program, examples, restarts=2, steps=5, out=tmp_path, progress=False)
    with pytest.raises(DiffprogError, match="restarts"):
        fit(program, examples, restarts=3, steps=5, out=tmp_path, progress=False)
    fit(program, examples, restarts=3, steps=5, out=tmp_path, progress=False, resume=False)
    assert json.loads((tmp_path / "config.json").read_text())["options"]["restarts"] == 3


def test_a_finished_run_gives_its_result_again(tmp_path: Path) -> None:
    """Taken up after its end, a run has nothing left to do."""
    examples = [({"xs": [2, 1, 0]}, [0, 1, 2])]
    program = loads(TEXT, "sort.dp")
    first = fit(program, examples, restarts=2, steps=5, out=tmp_path, progress=False)
    again = fit(program, examples, restarts=2, steps=5, out=tmp_path, progress=False)
    assert again.choices == first.choices
    assert again.metrics == first.metrics
