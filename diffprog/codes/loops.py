"""DP5xx: loops and halting."""

from diffprog.codes.code import Code

LOOPS: dict[str, Code] = {}
