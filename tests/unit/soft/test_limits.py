"""What is too large to be softened is refused with its size and the limit, and quickly."""

from __future__ import annotations

import resource
import sys
import time

import pytest
import torch

import diffprog as dp
from diffprog.soft import tabulated

TOO_LARGE = {
    "table": (
        "program p(a: int<1000000>, b: int<1000000>) -> int<10>:\n    return a * b % 10\n",
        "1,000,000,000,000 entries; the limit is 4,194,304",
    ),
    "sum": (
        "program p(a: int<1000000>, b: int<1000000>) -> int<2000000>:\n    return a + b\n",
        "1,000,000,000,000 products; the limit is 134,217,728",
    ),
    "input": (
        "program p(a: int<100000>[100000]) -> int<3>:\n    return a[0] % 3\n",
        "10,000,000,000 numbers a row; the limit is 134,217,728",
    ),
    "rounds": (
        "program p(a: int<10>) -> int<10>:\n    for i in 0 .. 1000000000:\n"
        "        a = (a + 1) % 10\n    return a\n",
        "1,000,000,000 rounds; softly the limit is 10,000,000",
    ),
}


@pytest.mark.parametrize("case", TOO_LARGE)
def test_refused(case: str) -> None:
    """Before memory is used."""
    text, message = TOO_LARGE[case]
    start, used = time.process_time(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(dp.DiffprogError, match=message) as caught:
        dp.loads(text).soften()
    assert caught.value.diagnostics[0].code == "DP606"
    assert time.process_time() - start < 5
    unit = 1 if sys.platform == "darwin" else 1024
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - used) * unit < 100e6


def test_a_large_table_is_kept_by_places() -> None:
    """Collected by place, a table gives what its one-hot form would give."""
    module = dp.loads(
        "program p(a: int<97>, b: int<101>) -> int<9700>:\n    return a * b\n"
    ).soften()
    assert tabulated.DENSE_LIMIT < 97 * 101 * 9601
    assert "collect(" in module.source
    torch.manual_seed(0)
    a, b = torch.rand(2, 97).softmax(-1), torch.rand(2, 101).softmax(-1)
    a.requires_grad_()
    found = module(a=a, b=b)
    wanted = torch.zeros(2, 9700)
    for i in range(97):
        for j in range(101):
            wanted[:, i * j] += (a[:, i] * b[:, j]).detach()
    torch.testing.assert_close(found, wanted)
    found[:, 0].sum().backward()
    assert a.grad is not None
    assert module(a=torch.tensor([96]), b=torch.tensor([100])).argmax().item() == 9600


def test_loops_nest_deeper_than_blocks_of_python() -> None:
    """Thirty loops, of one round each but for two."""
    text = "program p(a: int<10>) -> int<10>:\n"
    for depth in range(30):
        text += f"{'    ' * (depth + 1)}for i{depth} in 0 .. {2 if depth in (3, 25) else 1}:\n"
    text += f"{'    ' * 31}a = (a + 1) % 10\n    return a\n"
    program = dp.loads(text)
    assert program.run(a=1) == 5
    assert program.soften()(a=torch.tensor(1)).argmax().item() == 5
