"""The mutants of `mutants.py` break lines that are still there."""

from __future__ import annotations

import pytest

from tests.laws.mutants import MUTANTS, ROOT, Mutant


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_mutant_breaks_a_line_and_names_a_law(mutant: Mutant) -> None:
    """The line stands once in its file, and the test that has to fail is there."""
    assert (ROOT / mutant.file).read_text(encoding="utf-8").count(mutant.old) == 1
    file, _, name = mutant.test.partition("::")
    assert f"def {name}(" in (ROOT / "tests" / "laws" / file).read_text(encoding="utf-8")
