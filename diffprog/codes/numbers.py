"""DP6xx: values, data and training."""

from diffprog.codes.code import Code

NUMBERS: dict[str, Code] = {}
