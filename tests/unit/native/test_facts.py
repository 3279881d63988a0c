"""What is known of places while C is written."""

from __future__ import annotations

import pytest

from diffprog.native.facts import Facts


@pytest.mark.parametrize(
    ("place", "n", "known"),
    [
        ("(@1 + 0 + (k2) * 3)", 3, True),
        ("(@1 + 0 + (k2) * 3)", 4, False),
        ("(@1 + 0 + ((k2 + (2))) * 3)", 3, True),
        ("(@1 + 0 + ((k2 + (1))) * 3)", 1, False),
        ("(@1 + 0 + (k3) * 3)", 3, False),
        ("(@1 + 0 + (table0[k2]) * 3)", 3, False),
        ("(@1 + 0 + (k2 * k2) * 3)", 3, False),
        ("@1", None, False),
        ("@4", None, True),
        ("@5", None, False),
    ],
)
def test_a_copy_is_known_until_either_is_written_over(
    place: str, n: int | None, known: bool
) -> None:
    """Numbers beside it in the same array may be written: those that surely lie apart."""
    facts, key = Facts(), "3 of (@1 + 0 + ((k2 + (1))) * 3)"
    facts.note("copy", key, "@5", "@5")
    facts.forget(place, n)
    assert facts.get("copy", key, str) == ("@5" if known else None)


def test_a_copy_in_the_same_stretch() -> None:
    """It is known no more when it is written over itself."""
    facts = Facts()
    facts.note("copy", "2 of (@1 + 0)", "(@1 + 4)", "(@1 + 4)")
    facts.forget("(@1 + 2)", 2)
    assert facts.get("copy", "2 of (@1 + 0)", str) == "(@1 + 4)"
    facts.forget("(@1 + 5)", 1)
    assert facts.get("copy", "2 of (@1 + 0)", str) is None
