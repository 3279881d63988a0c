"""The file around a program in C: a block of rows at a time is loaded, run and stored.

In: the lines of a program, and how much they need. Out: the text, and how many rows a block is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from diffprog.native.contract import contraction
from diffprog.native.prelude import PRELUDE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from diffprog.native.writer import Writer

MOST_ABREAST = {
    4: {"tape": 1 << 15, "room": 1 << 6, "text": 1 << 14},
    2: {"tape": 1 << 15, "room": 1 << 12, "text": 1 << 14},
}
"""The most numbers of a row, and letters of C, with which a block is so many vectors of rows.

What one row does is a chain in which each operation waits for the one before; two chains at once
take little longer than one. But they take twice the room in the processor's cache, and twice the
code, which has to be compiled. A program with arrays of its own has many chains in one row.
"""

PARTS = 2
"""Forward and the reverse are compiled side by side, as parts 1 and 2 of the file."""

FEW = 4
"""The rows up to which a block is one vector: more would be empty."""


def abreast(**sizes: int) -> int:
    """Return how many vectors of rows a block is at most."""
    fitting = (n for n, most in MOST_ABREAST.items() if all(sizes[k] <= most[k] for k in most))
    return next(fitting, 1)


def framed(w: Writer, macros: Sequence[str], parts: Mapping[str, str]) -> str:
    """Return the file of a program, for any precision and number of vectors."""
    tables = [f"static const int {name}[] = {{{', '.join(map(str, entries))}}};"
              for entries, name in w.tables.items()]  # fmt: skip
    tables += [f"static const double {name}[] = {{{', '.join(map(repr, xs))}}};"
               for xs, name in w.numbers.items()]  # fmt: skip
    text = FRAME
    for name, part in parts.items():
        text = text.replace(f"@{name}@", part)
    return "\n".join([PRELUDE, *map(contraction, sorted(w.arities)), *tables, *macros, text])


FRAME = r"""
APART void load(num *o, long n, const real *x, long step, long row, long rows) {
  if (step == 0) {
    for (long j = 0; j < n; j++) EACH_VEC(o[j].v[u] = all(x[j]);)
    return;
  }
  for (long l = 0; l < L; l++) {
    const real *from = x + step * smaller(row + l, rows - 1);
    for (long j = 0; j < n; j++) LANE(o[j], l) = from[j];
  }
}
APART void unload(const num *a, long n, real *x, long row, long rows) {
  for (long l = 0; l < L && row + l < rows; l++)
    for (long j = 0; j < n; j++) x[(row + l) * n + j] = LANE(a[j], l);
}
APART void seed(num *p, long n, const real *g, long row, long rows) {
  for (long l = 0; l < L && row + l < rows; l++)
    for (long j = 0; j < n; j++) LANE(p[j], l) += g[(row + l) * n + j];
}
APART void gather(const num *p, long n, real *g, long step, long row, long rows) {
  for (long l = 0; l < L && row + l < rows; l++) {
    real *to = g + step * (row + l);
    if (step)
      for (long j = 0; j < n; j++) to[j] = LANE(p[j], l);
    else
      for (long j = 0; j < n; j++) to[j] += LANE(p[j], l);
  }
}
#define CALL \
  const real *const *in = a->in, *const *gout = a->gout; \
  real *const *out = a->out, *const *gin = a->gin; \
  const long *step = a->step, rows = a->rows; \
  const real T = (real)a->t, R = T == 0 ? 0 : 1 / (T > TINY ? T : TINY), C = (real)a->c, \
             E = (real)a->e, H = (real)(1 / a->h); \
  (void)T; (void)R; (void)C; (void)E; (void)H; (void)out; (void)gin; (void)gout;

HIDDEN void block(const call *a, num *tape, num *room, long row);
INLINE num *tape_of(const call *a, long row) {
  return row < a->kept ? a->own : a->tape + (row - a->kept) / L * @SIZE@;
}
#if PART != 2
HIDDEN void block(const call *a, num *tape, num *room, long row) {
CALL
@FORWARD@
}
long lanes(void) { return L; }
void forward(const call *a) {
  for (long row = a->from; row < a->to; row += L) block(a, tape_of(a, row), a->room, row);
}
#endif
#if PART != 1
static void back(const call *a, num *tape, num *room, long row) {
CALL
@REVERSE@
}
void reverse(const call *a) {
  for (long n = (a->to - a->from + L - 1) / L; n-- > 0;) {
    const long row = a->from + n * L;
    num *tape = tape_of(a, row);
    if (row < a->kept) block(a, tape, a->room, row);
    back(a, tape, a->room, row);
  }
}
#endif
"""
