"""The record that a call hands to a program: the same layout in C and in Python.

One pointer to plain bytes is the whole call: to convert twenty arguments one by one takes longer
than a small program runs.
"""

from __future__ import annotations

from struct import Struct


def in_c(ins: int, outs: int) -> str:
    """Return the type of the record of a program with so many inputs, and results and reports.

    In words of eight bytes: the rows of the call, those of this run, and the first of those whose
    tape is kept; the knobs; room for that tape, for one of this thread's own, and for what is on
    none; then where inputs lie and how far apart their rows are,
    results, gradients of results, gradients of inputs. What is not wanted is null.
    """
    return f"""\
typedef struct {{
  long rows, from, to, kept;
  double t, c, e, h;
  num *tape, *own, *room;
  const real *in[{ins}];
  long step[{ins}];
  real *out[{outs}];
  const real *gout[{outs}];
  real *gin[{ins}];
}} call;
"""


def in_python(ins: int, outs: int) -> Struct:
    """Return what packs the same record."""
    return Struct(f"=4q4d{3 + 3 * ins + 2 * outs}q")
