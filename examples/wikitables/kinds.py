"""What kind of question it is, by words that stand in it: the first rule that holds."""

from __future__ import annotations

import re

RULES: tuple[tuple[str, str], ...] = (
    ("difference", r"\bdifference\b|\bhow (many|much) (more|less|fewer)\b|\bhow long\b"
     r"|\bhow many (years|days|months|weeks) (between|after|before|passed|did it take)\b"),
    ("count", r"\bhow (many|often)\b|\bnumber of\b|\btotal amount of\b"),
    ("superlative", r"\b(most|least|fewest|first|last|top|best|worst|earliest|latest|only|max\w*"
     r"|min\w*|\w{3,}est)\b"),
    ("neighbour", r"\b(next|previous|after|before|following|above|below|prior|preced\w+)\b"),
    ("comparison", r"\b(more|less|fewer|greater|larger|higher|lower|longer|older|over|under"
     r"|at least|at most|same|or)\b"),
    ("lookup", r"\b(what|which|who|whom|whose|when|where|name|list)\b"),
)  # fmt: skip
"""Kinds, in order, and a pattern of each."""
OTHER = "other"
KINDS = (*(name for name, _ in RULES), OTHER)


def kind(text: str) -> str:
    """Return the kind of a question.

    >>> kind("how many more medals did Peru win?"), kind("who was born after Ada?")
    ('difference', 'neighbour')
    """
    small = text.lower()
    return next((name for name, pattern in RULES if re.search(pattern, small)), OTHER)
