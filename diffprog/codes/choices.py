"""DP3xx: choices and what they depend on."""

from diffprog.codes.code import Code

CHOICES: dict[str, Code] = {}
