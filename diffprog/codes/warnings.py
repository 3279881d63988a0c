"""DP9xx: what is allowed and yet worth knowing."""

from diffprog.codes.code import Code

WARNINGS: dict[str, Code] = {}
