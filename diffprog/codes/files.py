"""DP0xx: files that cannot be read."""

from diffprog.codes.code import Code

FILES: dict[str, Code] = {}
