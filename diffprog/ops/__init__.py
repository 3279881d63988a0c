"""Every pure operation of the language: the table of rows, the table of reductions, their rules."""

from diffprog.ops.reductions import REDUCTIONS, ReduceSpec
from diffprog.ops.rows import INFIX, OPS, OpSpec
from diffprog.ops.rules import RuleError

__all__ = ["INFIX", "OPS", "REDUCTIONS", "OpSpec", "ReduceSpec", "RuleError"]
