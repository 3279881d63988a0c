"""The record that a call hands to a program: the same layout in C and in Python.

One pointer to plain bytes is the whole call: to convert twenty arguments one by one takes longer
than a small program runs.
"""

from __future__ import annotations

from struct import Struct


def in_c(ins: int, outs: int) -> str:
    """Return the type of the record of a program with so many inputs, and results and reports.

    In words of eight bytes: the rows of the call and those of this run, whether the tape of all
    rows is kept, the knobs, the rooms; then where inputs lie and how far apart their rows are,
    results, gradients of results, gradients of inputs. What is not wanted is null.
    """
    return f"""\
typedef struct {{
  long rows, from, to, keep;
  double t, c, e, h;
  num *tape, *room;
  const real *in[{ins}];
  long step[{ins}];
  real *out[{outs}];
  const real *gout[{outs}];
  real *gin[{ins}];
}} call;
"""


def in_python(ins: int, outs: int) -> Struct:
    """Return what packs the same record."""
    return Struct(f"=4q4d{2 + 3 * ins + 2 * outs}q")
