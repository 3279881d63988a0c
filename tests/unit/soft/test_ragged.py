"""Batches of mixed lengths: what may be given, what comes back, and what is shared."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest
import torch
from torch.func import functional_call

import diffprog as dp

SORT = """\
size n = 3

program sort(xs: int<5>[n], w: real) -> (int<5>[n], real):
    for end in n - 1 .. 0 step -1:
        for i in 0 .. end:
            choose given xs[i], xs[i + 1]:
                swap xs[i], xs[i + 1]
                pass
    return xs, w * n
"""
CLIMB = """\
size n = 3

program climb(xs: int<5>[n]) -> int<5>:
    x = xs[0]
    while x < 4 max n:
        x = x + 1
    return x
"""
ROWS = [[1, 2, 3], [3, 2], [4, 3, 2, 1], [2, 2]]


@pytest.fixture
def sort() -> dp.SoftProgram:
    """A softened sort."""
    return dp.loads(SORT).soften().double()


def test_answers_come_in_the_order_of_the_rows(sort: dp.SoftProgram) -> None:
    """Those of one shape as a tensor, those of different shapes as a list."""
    xs, scaled = sort(xs=ROWS, w=[1.0, 2.0, 3.0, 4.0])
    assert [tuple(x.shape) for x in xs] == [(3, 5), (2, 5), (4, 5), (2, 5)]
    assert scaled.tolist() == [3.0, 4.0, 12.0, 8.0]


def test_what_a_batch_may_be(sort: dp.SoftProgram) -> None:
    """Lists of numbers, of tensors, of arrays; by name, in order, or as one mapping."""
    wanted, _ = sort(xs=ROWS, w=1.0)
    batches = [
        [torch.tensor(row) for row in ROWS],
        [np.array(row) for row in ROWS],
        [torch.eye(5, dtype=torch.float64)[row] for row in ROWS],
        tuple(map(tuple, ROWS)),
    ]
    for batch in batches:
        for found, _ in (sort(batch, 1.0), sort(xs=batch, w=1.0), sort({"xs": batch, "w": 1.0})):
            for a, b in zip(found, wanted, strict=True):
                assert torch.equal(a, b)


def test_one_other_length(sort: dp.SoftProgram) -> None:
    """A tensor of another length than the module's needs no list; one row needs no batch."""
    xs, _ = sort(xs=torch.tensor([[1, 2, 3, 4], [4, 3, 2, 1]]), w=1.0)
    alone, _ = sort(xs=[4, 3, 2, 1], w=1.0)
    assert xs.shape == (2, 4, 5)
    assert torch.equal(xs[1], alone)


def test_weights_are_shared(sort: dp.SoftProgram) -> None:
    """There is one set of parameters, whatever lengths were met, also after copies and moves."""
    before = list(sort.state_dict())
    xs, _ = sort(xs=ROWS, w=1.0)
    sum(x[0, 1] for x in xs).backward()
    assert list(sort.state_dict()) == before
    assert all(p.grad is not None and bool(p.grad.any()) for p in sort.parameters())
    sort.load_choices({"sort.choose#0": [[int(a <= b) for b in range(5)] for a in range(5)]})
    for module in (sort, copy.deepcopy(sort), pickle.loads(pickle.dumps(sort)), sort.float()):
        xs, _ = module(xs=ROWS, w=1.0)
        assert [x.argmax(-1).tolist() for x in xs] == [sorted(row) for row in ROWS]
    zeros = {name: torch.zeros_like(p) for name, p in sort.named_parameters()}
    xs, _ = functional_call(sort, zeros, (), {"xs": ROWS, "w": 1.0})
    assert xs[1].argmax(-1).tolist() != [2, 3] or float(xs[1].max()) < 1


def test_restarts_stand_left_of_the_rows() -> None:
    """Each row's answer has the axis of the restarts first."""
    module = dp.loads(SORT).soften(restarts=2).double()
    xs, scaled = module(xs=ROWS, w=1.0)
    assert [tuple(x.shape) for x in xs] == [(2, 3, 5), (2, 2, 5), (2, 4, 5), (2, 2, 5)]
    assert scaled.shape[-1] == 4
    for i, row in enumerate(ROWS):
        alone, _ = module(xs=[row], w=1.0)
        torch.testing.assert_close(xs[i], alone[:, 0], rtol=1e-12, atol=1e-12)


def test_settings_go_along() -> None:
    """Temperatures hold at all lengths; what is reported stands in the order of the rows."""
    module = dp.loads(CLIMB).soften().double()
    module.temperature = 0.0
    found = module(xs=[[0, 0, 0], [0], [0, 0, 0, 0], [3]])
    assert found.argmax(-1).tolist() == [3, 1, 4, 4]
    assert module.report["unfinished"][5].tolist() == [1, 1, 0, 0]


def test_outcomes_of_mixed_lengths() -> None:
    """A row with fewer outcomes than another has more of weight 0."""
    text = "size n = 2\n\nprogram p(rs: real[n]) -> real:\n    x = 0.0\n"
    text += "    repeat max n by ponder(prior = 0.5):\n        x = x + rs[0]\n"
    text += "    until chance(0.25)\n    return x\n"
    module = dp.loads(text).soften().double()
    found = module.outcomes(rs=[[1.0], [1.0, 2.0, 3.0]])
    assert found.weights.T.tolist() == [[1, 0, 0], [0.25, 0.1875, 0.5625]]
    assert found.values[:, 1].tolist() == [1, 2, 3]


def test_a_trace_is_of_the_first_row(sort: dp.SoftProgram) -> None:
    """Records of a mixed batch are those of its first row alone."""
    mixed = sort.trace(xs=ROWS[1:], w=1.0)[1]
    alone = sort.trace(xs=[ROWS[1]], w=1.0)[1]
    assert [str(record) for record in mixed] == [str(record) for record in alone]


@pytest.mark.parametrize(
    ("text", "inputs", "code"),
    [
        ("learn t: int<3>[n]\n    return t[0]", {"xs": [[1, 2], [1]]}, "DP420"),
        ("return choose int<3> given xs[n - 1]", {"xs": [[1, 2], [1]], "ys": [[1], [2]]}, "DP603"),
        ("return xs[0]", {"xs": [[1, 2], [1, 7]]}, "DP604"),
        ("return xs[0]", {"xs": [[[1, 2]], [1]]}, "DP604"),
    ],
)
def test_what_is_refused(text: str, inputs: dict[str, object], code: str) -> None:
    """Sizes that learning fixed, and inputs that are none."""
    program = dp.loads(f"size n = 2\n\nprogram p(xs: int<3>[n]) -> int<3>:\n    {text}\n")
    with pytest.raises(dp.DiffprogError, match=code):
        program.soften()(**inputs)


def test_inputs_that_disagree() -> None:
    """Two inputs of one size have it in every row."""
    text = "size n = 2\n\nprogram p(xs: real[n], ys: real[n]) -> real:\n    return xs @ ys\n"
    module = dp.loads(text).soften()
    rows = [[1.0], [1.0, 2.0]]
    assert module(xs=rows, ys=rows).tolist() == [1, 5]
    with pytest.raises(dp.DiffprogError, match="DP604"):
        module(xs=rows, ys=rows[::-1])
