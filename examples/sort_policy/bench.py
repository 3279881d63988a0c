"""Learn a policy that compares, from lists of 3; test it, and the rule that is read off, on 64."""

from __future__ import annotations

import sys
from pathlib import Path

import diffprog as dp
from examples.bench import Bench, accuracy
from examples.sort.data import DEV, DEV_LENGTH, TEST, TRAIN, generated

HERE = Path(__file__).parent
LENGTH, LONG = 3, 64
BY_NETWORK = 4
"""Lists of 64 that the network itself sorts: it is asked 2,016 times for each."""
RULE = "if xs[i] > xs[i + 1]:"
"""What the policy has to become."""


def learn(seed: int) -> dp.Result:
    """Train from lists of 3, chosen by lists of 8."""
    program = dp.load(HERE / "sort_policy.dp", n=LENGTH)
    return dp.fit(
        program,
        generated(LENGTH, TRAIN, seed),
        dev=generated(DEV_LENGTH, DEV, 1_000 + seed),
        restarts=4,
        steps=200,
        network_lr=0.02,
        seed=seed,
        progress=False,
    )


def main() -> int:
    """Measure; print the table."""
    bench = Bench("sort_policy", __doc__, count=5)
    setup = f"train {LENGTH}"
    for seed in bench.seeds:
        with bench.timed() as clock:
            result = learn(seed)
        long = generated(LONG, TEST, 2_000 + seed)
        right = 100 * accuracy(result.program, long[:BY_NETWORK])
        bench.add(setup, f"exact % at {LONG}, network", right, seed=seed, seconds=clock.seconds)
        bench.add(setup, f"exact % at {LONG}, rule", 100 * accuracy(result.rules, long), seed=seed)
        bench.add(setup, "a comparison", RULE in result.rules.source, seed=seed)
    for metric in (f"exact % at {LONG}, network", f"exact % at {LONG}, rule"):
        bench.expect(setup, metric, least=100)
    bench.published(setup, f"exact % at {LONG}, network", "∂4 100")
    bench.expect(setup, "a comparison", least=1)
    return bench.finish()


if __name__ == "__main__":
    sys.exit(main())
