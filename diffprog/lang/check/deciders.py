"""What can decide a choice: a policy of values, or a controller of the function.

Only what the checker keeps of them; how they decide stands in `deciding`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from diffprog.deciders import state_width
from diffprog.types import REAL, Array

if TYPE_CHECKING:
    from diffprog.errors import Span
    from diffprog.lang import typed
    from diffprog.nets import Setting


@dataclass(frozen=True)
class Policy:
    """``mlp(hidden = 8) of a, b``."""

    name: str
    settings: dict[str, Setting]
    values: tuple[typed.Expr, ...]


@dataclass(frozen=True)
class Controller:
    """A controller of a function: its kind, its options, and the types of what it carries."""

    name: str
    kind: str
    settings: dict[str, Setting]
    key: str
    memory: Array
    span: Span

    @property
    def state(self) -> Array:
        """The type of its state."""
        return Array((state_width(self.kind, self.settings),), REAL)

    @property
    def remembered(self) -> str:
        """The variable that holds what it has read."""
        return f"{self.name}.memory"


Deciding = Policy | Controller
