"""Reads and writes of arrays: slices at known places, sums over uncertain ones."""

from __future__ import annotations

from itertools import product

import torch

from tests.unit.soft.soften import soft

READS = """
program reads(m: real[3, 4], i: int<3>, j: int<1..4>) -> (real, real[4], real[3], real[2], real[2]):
    return m[i, j], m[i, :], m[:, j], m[i, 1 .. 3], m[0 .. 2, j]
"""

WRITES = """
program writes(m: real[3, 4], i: int<3>, j: int<1..4>, v: real, row: real[4]) -> (real[3, 4], real[3, 4], real[3, 4], real[3, 4], real[3, 4]):
    both = m
    both[i, j] = v
    rows = m
    rows[i, :] = row
    first = m
    first[0, j] = v
    cut = m
    cut[i, 1 .. 3] = row[0 .. 2]
    grown = m
    grown[i, :] *= row
    return both, rows, first, cut, grown
"""  # noqa: E501

FINITE = """
program finite(m: int<3>[4], i: int<4>, v: int<3>) -> (int<3>, int<3>[4], int<3>[4]):
    known = m
    known[2] = v
    soft = m
    soft[i] = v
    return m[i], soft, known
"""


def points(*sizes: int, lead: tuple[int, ...] = ()) -> list[torch.Tensor]:
    """Return distributions in the interior."""
    g = torch.Generator().manual_seed(3)
    made = [torch.rand((*lead, n), generator=g, dtype=torch.float64) for n in sizes]
    return [p / p.sum(-1, keepdim=True) for p in made]


def test_reads_are_sums_over_places() -> None:
    """sum_ij i_i j_j M_ij, with static slices, and an index whose range is part of the axis."""
    module = soft(READS)
    g = torch.Generator().manual_seed(0)
    m = torch.rand((3, 4), generator=g, dtype=torch.float64)
    i, j = points(3, 3)
    got = module(m=m, i=i, j=j)
    inner = m[:, 1:]
    want = [i @ inner @ j, i @ m, inner @ j, i @ m[:, 1:3], inner[:2] @ j]
    for a, b in zip(got, want, strict=True):
        assert torch.allclose(a, b)


def test_writes_mix_cells() -> None:
    """M_j <- i_j v + (1 - i_j) M_j, whichever axes are uncertain; `*=` cell by cell."""
    module = soft(WRITES)
    g = torch.Generator().manual_seed(0)
    m, row = torch.rand((2, 3, 4), generator=g, dtype=torch.float64), torch.arange(4.0).double()
    v = torch.tensor(7.0, dtype=torch.float64)
    i, j = points(3, 3, lead=(2,))
    both, rows, first, cut, grown = module(m=m, i=i, j=j, v=v, row=row)
    wide = torch.nn.functional.pad(j, (1, 0))
    weight = i[:, :, None] * wide[:, None, :]
    assert torch.allclose(both, weight * v + (1 - weight) * m)
    assert torch.allclose(rows, i[..., None] * row + (1 - i[..., None]) * m)
    want = m.clone()
    want[:, 0] = wide * v + (1 - wide) * m[:, 0]
    assert torch.allclose(first, want)
    want = m.clone()
    want[..., 1:3] = i[..., None] * row[:2] + (1 - i[..., None]) * m[..., 1:3]
    assert torch.allclose(cut, want)
    assert torch.allclose(grown, m * (1 - i[..., None] + i[..., None] * row))


def test_vertices_are_exact() -> None:
    """At crisp places and values every cell is a one-hot to the bit, and the read is the cell."""
    module = soft(FINITE).float()
    m = torch.tensor([0, 2, 1, 1])
    for i, v in product(range(4), range(3)):
        got, written, known = module(m=m, i=torch.tensor(i), v=torch.tensor(v))
        eye = torch.eye(3)
        assert torch.equal(got, eye[m[i]])
        want = m.clone()
        want[i] = v
        assert torch.equal(written, eye[want])
        assert torch.equal(known, eye[torch.tensor([0, 2, v, 1])])


def test_known_places_are_slices() -> None:
    """A known index costs no attention: the source has neither contraction nor mixture."""
    text = """
program shift(m: int<3>[5]) -> int<3>[5]:
    for i in 0 .. 4:
        m[i] = m[i + 1]
    return m
"""
    module = soft(text)
    body = module.source[module.source.index(f"def {module.generated.entry}") :]
    assert "read(" not in body
    assert "lerp" not in body
    assert module(m=torch.tensor([0, 1, 2, 1, 0])).argmax(-1).tolist() == [1, 2, 1, 0, 0]


def test_slopes() -> None:
    """Gradcheck of reads and writes at uncertain places, batch and no batch together."""
    reads, writes = soft(READS), soft(WRITES)
    g = torch.Generator().manual_seed(0)
    m = torch.rand((3, 4), generator=g, dtype=torch.float64, requires_grad=True)
    i, j = (p.requires_grad_() for p in points(3, 3, lead=(2,)))
    v = torch.tensor(0.5, dtype=torch.float64, requires_grad=True)
    row = torch.rand(4, generator=g, dtype=torch.float64, requires_grad=True)

    def plain(x: torch.Tensor) -> torch.Tensor:
        return x / x.sum(-1, keepdim=True)  # gradcheck leaves the simplex

    assert torch.autograd.gradcheck(lambda m, i, j: reads(m, plain(i), plain(j)), (m, i, j))
    inputs = (m, i, j, v, row)
    assert torch.autograd.gradcheck(
        lambda m, i, j, v, row: writes(m, plain(i), plain(j), v, row), inputs
    )


def test_parts_that_are_all() -> None:
    """Two slices that make up an array are put side by side: what was there is not looked at."""
    text = """
program sides(a: real[2], b: real[3], v: real) -> (real[5], real[5], real[5], real[5]):
    one: real[5] = v
    one[..2] = a
    two = one
    two[2..] = b
    other: real[5] = v
    other[2..] = b
    others = other
    others[..2] = a
    return one, two, other, others
"""
    module = soft(text)
    body = module.source[module.source.index(f"def {module.generated.entry}") :]
    assert "put_slice(" not in body
    assert "fill(" not in body
    a, b, v = torch.rand(4, 1, 2), torch.rand(3, 3), torch.rand(4, 1)
    for p, q, r in ((a, b, v), (a[0, 0], b, v), (a, b[0], v[0, 0]), (a[0, 0], b[0], v)):
        lead = torch.broadcast_shapes(p.shape[:-1], q.shape[:-1], r.shape)
        left, right, edge = (x.expand(*lead, n) for x, n in ((p, 2), (q, 3), (r[..., None], 3)))
        one, two, other, others = (x.expand(*lead, 5) for x in module(p, q, r))
        assert torch.equal(one, torch.cat((left, edge), -1))
        assert torch.equal(other, torch.cat((edge[..., :2], right), -1))
        assert torch.equal(two, torch.cat((left, right), -1))
        assert torch.equal(others, two)


def test_part_that_was_written_again() -> None:
    """What stands beside a slice is what was written there last."""
    text = """
program again(a: real[2], b: real[3], v: real) -> real[5]:
    both: real[5] = 0.0
    both[..2] = a
    both[1] = v
    both[2..] = b
    return both
"""
    found = soft(text)(torch.tensor([1.0, 2.0]), torch.tensor([3.0, 4.0, 5.0]), torch.tensor(9.0))
    assert found.tolist() == [1.0, 9.0, 3.0, 4.0, 5.0]


def test_part_of_cells_that_move_on() -> None:
    """What was put beside something stays what it was when the cell that it came from changes."""
    text = """
program moving(m: real[3, 2], b: real[3]) -> real[5]:
    out: real[5] = 0.0
    for i in 0 .. 2:
        both: real[5] = 0.0
        both[..2] = m[i]
        swap m[i], m[i + 1]
        both[2..] = b
        out = out + both
    return out
"""
    module = soft(text)
    assert "beside(" in module.source.split("def moving")[1]
    found = module(
        torch.tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]), torch.tensor([7.0, 8.0, 9.0])
    )
    assert found.tolist() == [2.0, 4.0, 14.0, 16.0, 18.0]
