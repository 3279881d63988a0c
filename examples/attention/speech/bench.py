"""Learn to hear strings of digits; test on recordings never heard."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

import diffprog as dp
from examples.attention.speech.data import END, digits, drawn, growing
from examples.bench import Bench

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from diffprog.learn.fit import Result
    from examples.attention.speech.data import Digit

HERE = Path(__file__).parent
BATCH = 32
STEPS = 3_000
EVERY = 500
COOL = (1.0, 0.1)
"""The temperature of where the program listens, at the first and the last step."""
TESTED = 40
"""Batches to test on."""


def learn(
    known: Sequence[Digit], seed: int, *, sizes: Mapping[str, int] | None = None,
    batch: int = BATCH, **options: Any,
) -> Result:  # fmt: skip
    """Train on sounds of one length at a time."""
    program = dp.load(HERE / "listen.dp", **(sizes or {}))
    chosen = {"steps": STEPS, "every": EVERY, "network_lr": 5e-3, "fall": 0.03}
    chosen |= {"cool": COOL, "stop_when_exact": False, "progress": False}
    return dp.fit(program, growing(known, batch), seed=seed, **(chosen | options))


def errors(
    program: dp.Program, known: Sequence[Digit], seed: int, count: int = TESTED,
    temperature: float = 1.0,
) -> float:  # fmt: skip
    """Return substitutions, insertions and deletions for each digit that was said, in %."""
    draw, random = drawn(known, BATCH), np.random.default_rng([seed, count])
    module, wrong, said = program.soften(), 0, 0
    module.temperature = module.choice_temperature = temperature
    for _ in range(count):
        inputs, answers = draw(random)
        with torch.no_grad():
            sound = torch.as_tensor(inputs["sound"], dtype=torch.float32)
            found = module(sound=sound).argmax(-1).tolist()
        for own, answer in zip(
            map(_until_end, found), map(_until_end, answers.tolist()), strict=True
        ):
            wrong += distance(own, answer)
            said += len(answer)
    return 100 * wrong / said


def _until_end(row: list[int]) -> list[int]:
    return row[: row.index(END)] if END in row else row


def distance(a: Sequence[int], b: Sequence[int]) -> int:
    """Return how many changes make one string of the other (Levenshtein)."""
    row = list(range(len(b) + 1))
    for i, x in enumerate(a):
        before, row = row, [i + 1]
        for j, y in enumerate(b):
            row.append(min(before[j] + (x != y), before[j + 1] + 1, row[j] + 1))
    return row[-1]


def picture(result: Result, known: Sequence[Digit], path: Path) -> Path:
    """Draw where the program listens for each digit that it says, under the spectrogram."""
    inputs, answers = drawn(known, 1)(np.random.default_rng(0))
    sound = inputs["sound"][0]
    words = {"answer": ["end" if d == END else str(d) for d in answers[0]]}
    trace = result.trace(sound=sound)
    return trace.alignment(path, "states", over=sound[::2], words=words)  # a state is two frames


def main() -> int:
    """Measure; print the table."""
    bench = Bench("attention/speech", __doc__, count=3, data="the recordings of FSDD")
    bench.parser.add_argument("--steps", type=int, default=STEPS, help="%(default)s")
    bench.parser.add_argument("--picture", type=Path, metavar="OUT", help="draw a sound there")
    given = bench.arguments
    train, test = digits(given.data, "train"), digits(given.data, "test")
    if not train or not test:
        bench.parser.error(f"{given.data} has no recordings `DIGIT_SPEAKER_NUMBER.wav`")
    setup = f"1 to 4 digits, {'telephone tones' if given.data is None else 'FSDD'}"
    for seed in bench.seeds:
        start = time.process_time()
        with bench.timed() as clock:
            result = learn(train, seed, steps=given.steps)
        bench.add(setup, "CPU seconds to learn", time.process_time() - start, seed=seed)
        for way, temperature in ((f"at temperature {COOL[1]}", COOL[1]), ("crisply", 0.0)):
            wrong = errors(result.program, test, 1_000 + seed, temperature=temperature)
            bench.add(setup, f"digit error % {way}", wrong, seed=seed, seconds=clock.seconds)
        if given.picture is not None and seed == 0:
            picture(result, test, given.picture)
    bench.expect(setup, "digit error % crisply", most=5)
    return bench.finish()


if __name__ == "__main__":
    sys.exit(main())
