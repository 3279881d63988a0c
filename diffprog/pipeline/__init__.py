"""From a text to everything that can be made of it: the stages of DESIGN §5 in their order.

`load` and `loads` give a `Program`; its methods run it, print its stages, draw it and soften it.
Importing this loads neither torch nor networkx: what needs them is imported when it is asked for.
"""

from diffprog.pipeline.data import clipped, encode_input, plain
from diffprog.pipeline.decided import vote
from diffprog.pipeline.program import Program
from diffprog.pipeline.read import findings, load, loads, read_text
from diffprog.pipeline.stages import STAGES, Drawing, run_pass

__all__ = [
    "STAGES",
    "Drawing",
    "Program",
    "clipped",
    "encode_input",
    "findings",
    "load",
    "loads",
    "plain",
    "read_text",
    "run_pass",
    "vote",
]
