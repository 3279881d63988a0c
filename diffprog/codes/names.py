"""DP2xx: names, scopes and imports."""

from diffprog.codes.code import Code

NAMES: dict[str, Code] = {}
