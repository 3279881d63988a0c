"""The C that every program begins with: vectors of rows, logistic comparisons, moves, sums.

A `vec` holds one number of each of W rows, as many as the processor takes at once; a `num` one
of each of a block's L rows, in U vectors. In a function, `o` is where the result lies, and `p`,
`q`, … are the adjoints of `o`, `a`, …; functions whose names begin with `back_` are the reverse
of the others.
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
#define W ((long)(BYTES / sizeof(real)))
#define L (U * W)
typedef real vec __attribute__((vector_size(BYTES)));
typedef whole mask __attribute__((vector_size(BYTES)));
typedef struct { vec v[U]; } num;
#define ONE(n, ...) { enum { u = n }; __VA_ARGS__ }
#define TWO(n, ...) ONE(n, __VA_ARGS__) ONE(n + 1, __VA_ARGS__)
#if U == 1
#define EACH_VEC(...) ONE(0, __VA_ARGS__)
#elif U == 2
#define EACH_VEC(...) { TWO(0, __VA_ARGS__) }
#else
#define EACH_VEC(...) { TWO(0, __VA_ARGS__) TWO(2, __VA_ARGS__) }
#endif
#define LANE(x, l) (x).v[(l) / W][(l) % W]
#define INLINE static inline __attribute__((always_inline, unused))
#define APART static __attribute__((noinline, unused))
#define HIDDEN __attribute__((visibility("hidden")))
#define EACH(f, x) ({ vec x_ = (x), y_; for (long l = 0; l < W; l++) y_[l] = f(x_[l]); y_; })

INLINE vec all(real x) { return x - (vec){0}; }
INLINE vec choose(mask m, vec a, vec b) { return (vec)((m & (mask)a) | (~m & (mask)b)); }
/* As torch has it: exactly y where t is 1, even if x is so large that x + (y - x) is not. */
INLINE vec lerp(vec x, vec y, vec t) {
  const vec d = y - x;
  return choose(t < (real)0.5, x + t * d, y - (1 - t) * d);
}
INLINE vec least(vec x, vec y) { return choose(x < y, x, y); }
INLINE vec most(vec x, vec y) { return choose(x > y, x, y); }
INLINE vec share(vec x, vec y) { return choose(x < y, all(1), choose(x == y, all(0.5), all(0))); }
INLINE mask above(vec x, real limit) { return x > limit; }
INLINE mask live(vec x, real limit) { return limit == 0 ? ~(mask){0} : x > limit; }
INLINE vec root(vec x) { return EACH(sqrt, x); }

/* e^x = 2^k e^r with |r| <= log(2) / 2, where that is a normal number; elsewhere anything. */
INLINE vec raised(vec x) {
  const vec t = x * (real)1.4426950408889634 + MAGIC;
  const vec k = t - MAGIC, r = x - k * LOG2_HEAD - k * LOG2_TAIL, s = r * r;
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
  return (even * s + 1 + (odd * s + 1) * r) * (vec)(((mask)t + BIAS) << MANTISSA);
}
INLINE vec fading(vec x) { return choose(x < LOWEST, all(0), raised(x)); } /* of x <= 0 */
INLINE vec exponential(vec x) { return choose(x > HIGHEST, all(INFINITY), fading(x)); }
INLINE vec logistic(vec x) {
  const vec y = 1 / (1 + raised(-x));
  return choose(x < -HIGHEST, all(0), choose(x > -LOWEST, all(1), y));
}
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

INLINE void fill(num *o, long n, real x) {
  for (long i = 0; i < n; i++) EACH_VEC(o[i].v[u] = all(x);)
}
INLINE void copy(num *o, const num *a, long n) {
  for (long i = 0; i < n; i++) EACH_VEC(o[i].v[u] = a[i].v[u];)
}
INLINE void gain(num *q, const num *p, long n) {
  for (long i = 0; i < n; i++) EACH_VEC(q[i].v[u] += p[i].v[u];)
}
INLINE void yield(num *q, num *p, long n) {
  for (long i = 0; i < n; i++) EACH_VEC(q[i].v[u] += p[i].v[u]; p[i].v[u] = all(0);)
}
INLINE void spread(num *o, const double *a, long n) {
  for (long i = 0; i < n; i++) EACH_VEC(o[i].v[u] = all((real)a[i]);)
}
INLINE void normalise_of(num *o, const num *a, long n, long u) {
  vec total = {0};
  for (long j = 0; j < n; j++) total += a[j].v[u];
  const mask ok = total >= TINY;
  const vec scale = 1 / choose(ok, total, all(1)), flat = all(1 / (real)n);
  for (long j = 0; j < n; j++) {
    const vec x = a[j].v[u], y = choose(ok, x * scale, flat);
    o[j].v[u] = choose(ok & (x == total), all(1), y); /* what stands alone is 1 to the bit */
  }
}
APART void normalise(num *o, const num *a, long n) { EACH_VEC(normalise_of(o, a, n, u);) }
INLINE void back_normalise_of(const num *o, const num *p, const num *a, num *q, long n, long u) {
  vec total = {0}, along = {0};
  for (long j = 0; j < n; j++) { total += a[j].v[u]; along += p[j].v[u] * o[j].v[u]; }
  const mask ok = total >= TINY;
  const vec scale = 1 / choose(ok, total, all(1));
  for (long j = 0; j < n; j++)
    q[j].v[u] += choose(ok, (p[j].v[u] - along) * scale, all(0));
}
APART void back_normalise(const num *o, const num *p, const num *a, num *q, long n) {
  EACH_VEC(back_normalise_of(o, p, a, q, n, u);)
}
INLINE void softmax_of(num *o, const num *a, long n, real R, long u) {
  vec top = a[0].v[u], total = {0};
  for (long j = 1; j < n; j++) top = most(top, a[j].v[u]);
  if (R == 0) {
    mask open = ~(mask){0};
    for (long j = 0; j < n; j++) {
      const mask best = (a[j].v[u] == top) & open;
      o[j].v[u] = choose(best, all(1), all(0)), open &= ~best;
    }
    return;
  }
  for (long j = 0; j < n; j++) total += o[j].v[u] = fading((a[j].v[u] - top) * R);
  const vec scale = 1 / total;
  for (long j = 0; j < n; j++) o[j].v[u] *= scale;
}
INLINE void softmax(num *o, const num *a, long n, real R) { EACH_VEC(softmax_of(o, a, n, R, u);) }
INLINE void back_softmax_of(const num *o, const num *p, num *q, long n, real R, long u) {
  vec along = {0};
  for (long j = 0; j < n; j++) along += p[j].v[u] * o[j].v[u];
  for (long j = 0; j < n; j++) q[j].v[u] += o[j].v[u] * (p[j].v[u] - along) * R;
}
INLINE void back_softmax(const num *o, const num *p, num *q, long n, real R) {
  EACH_VEC(back_softmax_of(o, p, q, n, R, u);)
}
INLINE vec powers(vec x, vec y) {
  vec o;
  for (long l = 0; l < W; l++) o[l] = pow(x[l], y[l]);
  return o;
}
APART void sharpen(num *o, const num *a, vec g, long n, long u) {
  vec top = a[0].v[u], total = {0};
  for (long j = 1; j < n; j++) top = most(top, a[j].v[u]);
  for (long j = 0; j < n; j++) total += o[j].v[u] = powers(a[j].v[u] / top, g);
  for (long j = 0; j < n; j++) o[j].v[u] /= total;
}
APART void back_sharpen(const num *o, const num *p, const num *a, num *q, vec g, vec *r, long n,
                        long u) {
  vec top = a[0].v[u], total = {0}, along = {0};
  for (long j = 1; j < n; j++) top = most(top, a[j].v[u]);
  for (long j = 0; j < n; j++)
    total += powers(a[j].v[u] / top, g), along += p[j].v[u] * o[j].v[u];
  for (long j = 0; j < n; j++) {
    const vec x = a[j].v[u] / top, h = (p[j].v[u] - along) / total, y = powers(x, g);
    q[j].v[u] += h * g * powers(x, g - 1) / top;
    *r += choose(x > 0, h * y * EACH(log, x), all(0));
  }
}
INLINE int over(const num *alive, real E) {
  for (long l = 0; l < L; l++) if (LANE(*alive, l) > E) return 0;
  return 1;
}
"""
