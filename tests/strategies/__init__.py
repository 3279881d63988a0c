"""Hypothesis strategies: types, values, points of the simplex, and well-typed programs."""

from tests.strategies.choices import all_choices, choices, hole_weights, one_hot_weights
from tests.strategies.meetings import meetings
from tests.strategies.programs import Generated, programs, read_once_programs
from tests.strategies.values import domain, one_hot, simplex, soft_values, types, values

__all__ = [
    "Generated",
    "all_choices",
    "choices",
    "domain",
    "hole_weights",
    "meetings",
    "one_hot",
    "one_hot_weights",
    "programs",
    "read_once_programs",
    "simplex",
    "soft_values",
    "types",
    "values",
]
