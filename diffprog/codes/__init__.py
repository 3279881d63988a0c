"""Every diagnostic code: what it means, a wrong example and a right one (`diffprog explain DP204`).

One file for each family. A test holds that no code is used in the package and missing here.
"""

from diffprog.codes.asking import ASKING
from diffprog.codes.choices import CHOICES
from diffprog.codes.code import Code
from diffprog.codes.files import FILES
from diffprog.codes.kinds import KINDS
from diffprog.codes.loops import LOOPS
from diffprog.codes.names import NAMES
from diffprog.codes.numbers import NUMBERS
from diffprog.codes.pictures import PICTURES
from diffprog.codes.syntax import SYNTAX
from diffprog.codes.training import TRAINING
from diffprog.codes.warnings import WARNINGS

__all__ = ["CODES", "Code"]

CODES: dict[str, Code] = (
    FILES
    | SYNTAX
    | NAMES
    | CHOICES
    | KINDS
    | LOOPS
    | NUMBERS
    | TRAINING
    | PICTURES
    | ASKING
    | WARNINGS
)
