"""The C that every program begins with: vectors of rows, logistic comparisons, moves, sums.

A `vec` holds one number of each of L rows, as many as the processor takes at once. In a
function, `o` is where the result lies, and `p`, `q`, … are the adjoints of `o`, `a`, …; functions
whose names begin with `back_` are the reverse of the others.
"""

from __future__ import annotations

PRELUDE = r"""
#include <math.h>
#include <string.h>
#if defined(__AVX512F__)
#define BYTES 64
#elif defined(__AVX__)
#define BYTES 32
#else
#define BYTES 16
#endif
#define L ((long)(BYTES / sizeof(real)))
typedef real vec __attribute__((vector_size(BYTES)));
typedef whole mask __attribute__((vector_size(BYTES)));
#define INLINE static inline __attribute__((always_inline, unused))
#define APART static __attribute__((noinline, unused))
#define EACH(f, x) ({ vec x_ = (x), y_; for (long l = 0; l < L; l++) y_[l] = f(x_[l]); y_; })

INLINE vec all(real x) { return x - (vec){0}; }
INLINE vec choose(mask m, vec a, vec b) { return (vec)((m & (mask)a) | (~m & (mask)b)); }
INLINE vec least(vec x, vec y) { return choose(x < y, x, y); }
INLINE vec most(vec x, vec y) { return choose(x > y, x, y); }
INLINE vec share(vec x, vec y) { return choose(x < y, all(1), choose(x == y, all(0.5), all(0))); }
INLINE mask above(vec x, real limit) { return x > limit; }
INLINE mask live(vec x, real limit) { return limit == 0 ? ~(mask){0} : x > limit; }
INLINE vec root(vec x) { return EACH(sqrt, x); }

/* e^x = 2^k e^r with |r| <= log(2) / 2; what is out of range gives 0 and infinity. */
INLINE vec exponential(vec x) {
  const vec in = most(least(x, all(HIGHEST)), all(LOWEST));
  const vec t = in * (real)1.4426950408889634 + MAGIC;
  const vec k = t - MAGIC, r = in - k * LOG2_HEAD - k * LOG2_TAIL, s = r * r;
#if DOUBLE
  vec even = 1 / 479001600. + (vec){0}, odd = 1 / 6227020800. + (vec){0};
  even = even * s + 1 / 3628800., odd = odd * s + 1 / 39916800.;
  even = even * s + 1 / 40320., odd = odd * s + 1 / 362880.;
  even = even * s + 1 / 720., odd = odd * s + 1 / 5040.;
#else
  vec even = 1 / 720.f + (vec){0}, odd = 1 / 5040.f + (vec){0};
#endif
  even = even * s + (real)(1 / 24.), odd = odd * s + (real)(1 / 120.);
  even = even * s + (real)0.5, odd = odd * s + (real)(1 / 6.);
  const vec y = (vec)((mask)(even * s + 1 + (odd * s + 1) * r) + ((mask)t << MANTISSA));
  return choose(x != x, x, choose(x > HIGHEST, all(INFINITY), choose(x < LOWEST, all(0), y)));
}
INLINE vec logistic(vec x) { return 1 / (1 + exponential(-x)); }
INLINE vec greater(vec x, vec y, real T, real R, real C) {
  return T == 0 ? choose(x > y, all(1), all(0)) : logistic((x - y) * R - C);
}
INLINE vec at_least(vec x, vec y, real T, real R, real C) {
  return T == 0 ? choose(x >= y, all(1), all(0)) : logistic((x - y) * R + C);
}
INLINE vec equal(vec x, vec y, real T, real R, real C) {
  if (T == 0) return choose(x == y, all(1), all(0));
  const vec z = (x - y) * R;
  return logistic(z + C) * logistic(C - z) * (real)-expm1(-2 * (double)C);
}
INLINE vec slope_equal(vec x, vec y, vec value, real T, real R, real C) {
  const vec z = (x - y) * R;
  return T == 0 ? all(0) : value * (logistic(C - z) - logistic(z + C)) * R;
}
INLINE vec unequal(vec x, vec y, real T, real R, real C) {
  return greater(x, y, T, R, C) + greater(y, x, T, R, C);
}
INLINE vec slope_greater(vec x, vec y, real T, real R, real C) {
  const vec p = greater(x, y, T, R, C);
  return p * (1 - p) * R;
}
INLINE vec chance(vec x, real T, real R) {
  if (T == 0) return choose(x >= (real)0.5, all(1), all(0));
  const vec cut = most(least(x, all(1)), all(0));
  if (T == 1) return cut;
  const mask in = (x > 0) & (x < 1);
  const vec safe = choose(in, x, all(0.5));
  return choose(in, logistic((EACH(log, safe) - EACH(log1p, -safe)) * R), cut);
}
INLINE vec slope_chance(vec x, vec y, real T, real R) {
  if (T == 0) return all(0);
  const vec cut = choose((x >= 0) & (x <= 1), all(1), all(0));
  if (T == 1) return cut;
  const mask in = (x > 0) & (x < 1);
  const vec safe = choose(in, x, all(0.5));
  return choose(in, y * (1 - y) * R / (safe * (1 - safe)), cut);
}

INLINE long smaller(long a, long b) { return a < b ? a : b; }
INLINE long larger(long a, long b) { return a > b ? a : b; }
INLINE long quotient(long a, long b) { return a / b - (a % b != 0 && (a < 0) != (b < 0)); }
INLINE long remainder_of(long a, long b) { return a - b * quotient(a, b); }
INLINE long trips(long lo, long hi, long step) {
  long n = step > 0 ? (hi - lo + step - 1) / step : (lo - hi - step - 1) / -step;
  return n > 0 ? n : 0;
}

INLINE void fill(vec *o, long n, real x) { for (long i = 0; i < n; i++) o[i] = all(x); }
INLINE void copy(vec *o, const vec *a, long n) { for (long i = 0; i < n; i++) o[i] = a[i]; }
INLINE void gain(vec *q, const vec *p, long n) { for (long i = 0; i < n; i++) q[i] += p[i]; }
INLINE void yield(vec *q, vec *p, long n) {
  for (long i = 0; i < n; i++) { q[i] += p[i]; p[i] = all(0); }
}
INLINE void spread(vec *o, const double *a, long n) {
  for (long i = 0; i < n; i++) o[i] = all((real)a[i]);
}
APART void normalise(vec *o, const vec *a, long n) {
  vec total = {0};
  for (long j = 0; j < n; j++) total += a[j];
  const mask ok = total >= TINY;
  const vec scale = 1 / choose(ok, total, all(1)), flat = all(1 / (real)n);
  for (long j = 0; j < n; j++) o[j] = choose(ok, a[j] * scale, flat);
  /* one that stands alone is 1 to the bit */
  for (long j = 0; j < n; j++) o[j] = choose(ok & (a[j] == total), all(1), o[j]);
}
APART void back_normalise(const vec *o, const vec *p, const vec *a, vec *q, long n) {
  vec total = {0}, along = {0};
  for (long j = 0; j < n; j++) { total += a[j]; along += p[j] * o[j]; }
  const mask ok = total >= TINY;
  const vec scale = 1 / choose(ok, total, all(1));
  for (long j = 0; j < n; j++) q[j] += choose(ok, (p[j] - along) * scale, all(0));
}
APART void softmax(vec *o, const vec *a, long n, real R) {
  vec top = a[0], total = {0};
  for (long j = 1; j < n; j++) top = most(top, a[j]);
  if (R == 0) {
    mask open = ~(mask){0};
    for (long j = 0; j < n; j++) {
      const mask best = (a[j] == top) & open;
      o[j] = choose(best, all(1), all(0)), open &= ~best;
    }
    return;
  }
  for (long j = 0; j < n; j++) total += o[j] = exponential((a[j] - top) * R);
  const vec scale = 1 / total;
  for (long j = 0; j < n; j++) o[j] *= scale;
}
APART void back_softmax(const vec *o, const vec *p, vec *q, long n, real R) {
  vec along = {0};
  for (long j = 0; j < n; j++) along += p[j] * o[j];
  for (long j = 0; j < n; j++) q[j] += o[j] * (p[j] - along) * R;
}
INLINE vec powers(vec x, vec y) {
  vec o;
  for (long l = 0; l < L; l++) o[l] = pow(x[l], y[l]);
  return o;
}
APART void sharpen(vec *o, const vec *a, vec g, long n) {
  vec top = a[0], total = {0};
  for (long j = 1; j < n; j++) top = most(top, a[j]);
  for (long j = 0; j < n; j++) total += o[j] = powers(a[j] / top, g);
  for (long j = 0; j < n; j++) o[j] /= total;
}
APART void back_sharpen(const vec *o, const vec *p, const vec *a, vec *q, vec g, vec *r, long n) {
  vec top = a[0], total = {0}, along = {0};
  for (long j = 1; j < n; j++) top = most(top, a[j]);
  for (long j = 0; j < n; j++) total += powers(a[j] / top, g), along += p[j] * o[j];
  for (long j = 0; j < n; j++) {
    const vec x = a[j] / top, h = (p[j] - along) / total, y = powers(x, g);
    q[j] += h * g * powers(x, g - 1) / top;
    *r += choose(x > 0, h * y * EACH(log, x), all(0));
  }
}
INLINE int over(const vec *alive, real E) {
  for (long l = 0; l < L; l++) if (alive[0][l] > E) return 0;
  return 1;
}
"""
