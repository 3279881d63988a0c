"""DP4xx: types and sizes."""

from diffprog.codes.code import Code

KINDS: dict[str, Code] = {}
