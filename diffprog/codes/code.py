"""What is known of a diagnostic code: a row of the tables beside this file."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Code:
    """A code explained: in a sentence, by a wrong example and by the same made right.

    An example is a whole program where it has a line that starts with `program`; else it stands
    for lines of a body.
    """

    title: str
    wrong: str
    right: str
