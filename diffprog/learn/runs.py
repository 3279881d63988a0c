"""A run as a folder: configuration, program, metrics, checkpoint, the emitted program, the report.

In: what `fit` is asked for and what it finds. Out: files, each written to a temporary name and
renamed, so that a run that is killed leaves either the old or the new one. No pickles.
"""

from __future__ import annotations

import csv
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from safetensors import SafetensorError, safe_open
from safetensors.torch import save

from diffprog.errors import Diagnostic, DiffprogError, fail
from diffprog.learn.board import Board

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Tensor

    from diffprog.pipeline import Program

CONFIG, PROGRAM, METRICS = "config.json", "program.dp", "metrics.csv"
CHECKPOINT, LEARNED, REPORT = "checkpoint.safetensors", "learned.dp", "report.json"


Temperature = Annotated[float, Field(gt=0)]
Weight = Annotated[float, Field(ge=0)]


def _course(given: object) -> object:
    """Return a number as the course that stays there."""
    return given if isinstance(given, (tuple, list)) else (given, given)


def _passable(course: tuple[float, float]) -> tuple[float, float]:
    """Refuse a course from or to 0, which no geometric sequence reaches."""
    if 0 in course and course != (0, 0):
        raise ValueError("a course from or to 0 has no steps between; take a small number")
    return course


Course = Annotated[
    tuple[Weight, Weight], BeforeValidator(_course), AfterValidator(_passable)
]  # at the first and the last step


class Options(BaseModel):
    """How a program is trained; `diffprog.learn.fit` says what each option means."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    restarts: int | None = Field(None, ge=1)
    estimator: str = "auto"
    steps: int = Field(1000, ge=1)
    seed: int = 0
    lr: float | None = Field(None, gt=0)
    network_lr: float = Field(1e-3, gt=0)
    fall: float = Field(1.0, gt=0, le=1)
    weight_decay: float = Field(0.0, ge=0)
    optimiser: Literal["adam", "rmsprop", "graves"] = "adam"
    clip: float | None = Field(1.0, gt=0)
    noise: float = Field(0.0, ge=0)
    entropy: float = 0.0
    anneal: tuple[Temperature, Temperature] | None = None
    cool: tuple[Temperature, Temperature] | None = None
    start: float = Field(0.5, ge=0)
    batch: int | None = Field(None, ge=1)
    every: int = Field(10, ge=1)
    samples: int = Field(16, ge=1)
    straight_through: bool = False
    states: int = Field(2**19, ge=1)
    width: int = Field(64, ge=1)
    tolerance: float = Field(1e-3, ge=0)
    scale: float | None = Field(None, gt=0)
    cost: Course = (0.01, 0.01)
    select: Literal["crisp", "soft"] = "crisp"
    backend: Literal["torch", "compile", "native", "auto"] = "torch"
    stop_when_exact: int = Field(1, ge=0)


def options(given: Mapping[str, object]) -> Options:
    """Check options.

    Raises:
        DiffprogError: DP627, every wrong one at once.
    """
    try:
        found = Options.model_validate(given)
    except ValidationError as problem:
        wrong = [
            Diagnostic("DP627", f"`{'.'.join(map(str, e['loc']))}`: {e['msg']}")
            for e in problem.errors()
        ]
        raise DiffprogError(*wrong) from None
    if found.straight_through and found.estimator not in ("auto", "sample"):
        message = f"`straight_through` is a way of `sample`, not of `{found.estimator}`"
        fail("DP627", message, hint="use `estimator='sample'`")
    return found


class Config(BaseModel):
    """What a run was asked for; a run is taken up again only with the same."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    program: str
    modules: dict[str, str] = {}
    sizes: dict[str, int]
    examples: str
    dev: str | None
    options: Options


def write(path: Path, content: str | bytes) -> None:
    """Write a file so that it is there whole or not at all."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    data = content.encode() if isinstance(content, str) else content
    with temporary.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


class Run:
    """The folder of a run."""

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)
        self.board = Board(self.folder)

    def open(self, config: Config, *, resume: bool) -> dict[str, Any] | None:
        """Make the folder, or find the run that is there.

        Returns:
            The checkpoint to go on from (`tensors` and `state`), or None for a fresh run.

        Raises:
            DiffprogError: DP625 where the folder holds another run.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        old = self.folder / CONFIG
        if resume and old.exists():
            self._same(old, config)
            if (self.folder / CHECKPOINT).exists():
                return self.checkpoint()
        for name in (CHECKPOINT, METRICS, LEARNED, REPORT):
            (self.folder / name).unlink(missing_ok=True)
        write(old, config.model_dump_json(indent=2) + "\n")
        for name, text in {PROGRAM: config.program, **config.modules}.items():
            (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
            write(self.folder / name, text)
        return None

    def _same(self, path: Path, config: Config) -> None:
        try:
            found = Config.model_validate_json(path.read_text(encoding="utf-8"))
        except (ValidationError, UnicodeDecodeError):
            fail("DP625", f"{path} is not the configuration of a run", hint="choose another folder")
        old, new = _flat(found.model_dump()), _flat(config.model_dump())
        names = [k for k in new if old[k] != new[k]]
        if names:
            listed = ", ".join(f"`{n}`" for n in names)
            message = f"{self.folder} holds a run with another {listed}"
            fail(
                "DP625",
                message,
                hint="choose another folder; in Python, `resume=False` begins anew",
            )

    def save(self, tensors: Mapping[str, Tensor], state: Mapping[str, object]) -> None:
        """Write a checkpoint: tensors, and what is no tensor in its metadata."""
        plain = {name: value.contiguous() for name, value in tensors.items()}
        write(self.folder / CHECKPOINT, save(plain, {"state": json.dumps(state)}))

    def checkpoint(self) -> dict[str, Any]:
        """Read the checkpoint.

        Raises:
            DiffprogError: DP625 where it cannot be read.
        """
        path = self.folder / CHECKPOINT
        try:
            with safe_open(path, framework="pt") as file:
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
                state = json.loads(file.metadata()["state"])
        except (SafetensorError, KeyError, OSError) as problem:
            fail("DP625", f"cannot read {path}: {problem}", hint="delete it to start anew")
        return {"tensors": tensors, "state": state}

    def metrics(self, rows: list[dict[str, object]]) -> None:
        """Write the metrics so far, whole: a run that goes on repeats no line."""
        if not rows:
            return
        lines: list[list[object]] = [[*rows[0]], *([_shown(v) for v in r.values()] for r in rows)]
        path = self.folder / METRICS
        temporary = path.with_name(f".{path.name}.{os.getpid()}")
        with temporary.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows(lines)
        temporary.replace(path)
        self.board.metrics(rows)

    def finish(self, learned: Program, report: Mapping[str, object]) -> None:
        """Write the emitted program and the report."""
        learned.save(self.folder / LEARNED)
        write(self.folder / REPORT, json.dumps(report, indent=2) + "\n")


def _flat(config: dict[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in config.items() if k != "options"} | dict(config["options"])


def _shown(value: object) -> object:
    return f"{value:.6g}" if isinstance(value, float) else value
