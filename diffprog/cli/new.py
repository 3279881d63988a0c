"""`diffprog new`: a small program to start from, with data it can be trained on."""

from __future__ import annotations

import json
import random
import re
from pathlib import Path

import click

from diffprog.errors import DiffprogError
from diffprog.pipeline import loads

PROGRAM = """\
# {name}.dp: the larger of two digits, by a rule that is to be learned.
#
#   diffprog check {name}.dp
#   diffprog train {name}.dp --data train.jsonl --dev dev.jsonl --out run
#   diffprog emit run

program {name}(a: int<10>, b: int<10>) -> int<10>:
    best = a
    choose given a, b:  # a table of 10 x 10 choices between the statements below
        best = b
        pass
    return best
"""


@click.command()
@click.argument("name")
def new(name: str) -> None:
    """Make a small program with data to train it on.

    Both stand in a new folder of that name.
    """
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", Path(name).name):
        message = f"{Path(name).name!r} is no name for a program: use letters, digits and _"
        raise click.UsageError(message)
    folder = Path(name)
    if folder.exists():
        message = f"{name} is there already"
        raise click.UsageError(message)
    stem = folder.name
    try:
        loads(PROGRAM.format(name=stem))
    except DiffprogError:
        message = f"{stem!r} is a name that the program uses: choose another"
        raise click.UsageError(message) from None
    try:
        folder.mkdir(parents=True)
        (folder / f"{stem}.dp").write_text(PROGRAM.format(name=stem), encoding="utf-8")
        for kind, seed, count in (("train", 0, 400), ("dev", 1, 100)):
            (folder / f"{kind}.jsonl").write_text(_examples(seed, count), encoding="utf-8")
    except OSError as problem:
        message = f"cannot write {name}: {problem.strerror or problem}"
        raise click.UsageError(message) from None
    click.echo(f"{folder / stem}.dp")


def _examples(seed: int, count: int) -> str:
    rng = random.Random(seed)
    pairs = [(rng.randrange(10), rng.randrange(10)) for _ in range(count)]
    records = [{"in": {"a": a, "b": b}, "out": max(a, b)} for a, b in pairs]
    return "".join(f"{json.dumps(record)}\n" for record in records)
