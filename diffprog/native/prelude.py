"""The C that every program begins with: lanes, logistic comparisons, moves, contractions.

`v` holds the values of one block of rows, `d` their adjoints; number i of a row in lane l is
at ``[i * L + l]``. Functions whose names begin with `back_` are the reverse of the others.
"""

from __future__ import annotations

PRELUDE = r"""
#include <tgmath.h>
#include <string.h>
#define LANES _Pragma("GCC ivdep") for (int l = 0; l < L; l++)

static inline real logistic(real x) { return 1 / (1 + exp(-x)); }
static inline real sign_of(real x) { return (real)((x > 0) - (x < 0)); }
static inline real greater(real x, real y, real T, real C) {
  return T == 0 ? (real)(x > y) : logistic((x - y) / T - C);
}
static inline real at_least(real x, real y, real T, real C) {
  return T == 0 ? (real)(x >= y) : logistic((x - y) / T + C);
}
static inline real equal(real x, real y, real T, real C) {
  if (T == 0) return (real)(x == y);
  real z = (x - y) / T;
  return logistic(z + C) * logistic(C - z) * -expm1(-2 * C);
}
static inline real slope_equal(real x, real y, real value, real T, real C) {
  if (T == 0) return 0;
  real z = (x - y) / T;
  return value * (logistic(C - z) - logistic(z + C)) / T;
}
static inline real unequal(real x, real y, real T, real C) {
  return greater(x, y, T, C) + greater(y, x, T, C);
}
static inline real slope_greater(real x, real y, real T, real C) {
  if (T == 0) return 0;
  real p = greater(x, y, T, C);
  return p * (1 - p) / T;
}
static inline long least(long a, long b) { return a < b ? a : b; }
static inline long most(long a, long b) { return a > b ? a : b; }
static inline long quotient(long a, long b) { return a / b - (a % b != 0 && (a < 0) != (b < 0)); }
static inline long remainder_of(long a, long b) { return a - b * quotient(a, b); }
static inline long trips(long lo, long hi, long step) {
  long n = step > 0 ? (hi - lo + step - 1) / step : (lo - hi - step - 1) / -step;
  return n > 0 ? n : 0;
}

static inline void fill(real *restrict v, long o, long n, real x) {
  for (long i = o * L; i < (o + n) * L; i++) v[i] = x;
}
static inline void copy(real *restrict v, long o, long a, long n) {
  memcpy(v + o * L, v + a * L, (size_t)n * L * sizeof(real));
}
static inline void back_copy(real *restrict d, long o, long a, long n) {
  for (long j = 0; j < n; j++) LANES d[(a + j) * L + l] += d[(o + j) * L + l];
}
static void normalise(real *restrict v, long o, long a, long n) {
  real total[L] = {0};
  for (long j = 0; j < n; j++) LANES total[l] += v[(a + j) * L + l];
  for (long j = 0; j < n; j++) LANES
    v[(o + j) * L + l] = total[l] >= TINY ? v[(a + j) * L + l] / total[l] : 1 / (real)n;
}
static void back_normalise(const real *restrict v, real *restrict d, long o, long a, long n) {
  real total[L] = {0}, along[L] = {0};
  for (long j = 0; j < n; j++) LANES {
    total[l] += v[(a + j) * L + l];
    along[l] += d[(o + j) * L + l] * v[(o + j) * L + l];
  }
  for (long j = 0; j < n; j++) LANES
    d[(a + j) * L + l] += total[l] >= TINY ? (d[(o + j) * L + l] - along[l]) / total[l] : 0;
}
static int over(const real *v, long alive, real E) {
  for (int l = 0; l < L; l++) if (v[alive * L + l] > E) return 0;
  return 1;
}
"""


def contraction(k: int) -> str:
    """Return the C of out[c] += product of `k` numbers, for a list of entries (c, i1, …, ik)."""
    names = [f"a{i}" for i in range(k)]
    heads = ", ".join(f"long {n}" for n in names)
    cells = [f"(({n} + e[{i + 1}]) * L + l)" for i, n in enumerate(names)]
    at = "(o + e[0]) * L + l"
    loop = f"for (const int *e = from; e < to; e += {k + 1})"
    value = " * ".join(f"v[{c}]" for c in cells)
    back = []
    for i, cell in enumerate(cells):
        others = " * ".join(["g", *(f"v[{c}]" for j, c in enumerate(cells) if j != i)])
        back.append(f"d[{cell}] += {others};")
    reads = "const int *from, const int *to, long o"
    return (
        f"static void contract{k}(real *restrict v, {reads}, {heads}) {{\n"
        f"  {loop} LANES v[{at}] += {value};\n}}\n"
        f"static void back_contract{k}(const real *restrict v, real *restrict d, {reads}, {heads})"
        f" {{\n  {loop} LANES {{ const real g = d[{at}]; {' '.join(back)} }}\n}}\n"
    )
