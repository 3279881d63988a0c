// Weights: what the temperature does to them, and how they are drawn. Pure functions.

// Weights again at another temperature of their logits: w^(1/T), with the same sum; at T = 0 the
// first of the largest takes it all.
function tempered(weights, temperature) {
  const sum = weights.reduce((a, b) => a + b, 0);
  const most = Math.max(...weights);
  if (temperature === 1 || !(most > 0)) return weights.slice();
  if (temperature === 0) return weights.map((_, k) => (k === weights.indexOf(most) ? sum : 0));
  const powers = weights.map((w) => Math.pow(w / most, 1 / temperature));
  const total = powers.reduce((a, b) => a + b, 0);
  return powers.map((p) => (sum * p) / total);
}

// The distributions in nested lists of weights, one a row.
function rowsOf(weights) {
  return Array.isArray(weights[0]) ? weights.flatMap(rowsOf) : [weights];
}

function meanWeights(weights, temperature) {
  const rows = rowsOf(weights).map((row) => tempered(row, temperature));
  return rows[0].map((_, k) => rows.reduce((sum, row) => sum + row[k], 0) / rows.length);
}

// The entropy of one distribution, in bits.
function bitsOf(weights) {
  return weights.reduce((sum, p) => sum - (p > 0 ? p * Math.log2(p) : 0), 0);
}

function meanBits(weights, temperature) {
  const rows = rowsOf(weights).map((row) => bitsOf(tempered(row, temperature)));
  return rows.reduce((a, b) => a + b, 0) / rows.length;
}

// A colour blended to white: from `floor` of itself at weight 0 to all of itself at 1.
function blend(colour, weight, floor) {
  const share = floor + (1 - floor) * Math.min(Math.max(weight, 0), 1);
  const part = (at) => Math.round(255 - (255 - parseInt(colour.slice(at, at + 2), 16)) * share);
  return "#" + [1, 3, 5].map((at) => part(at).toString(16).padStart(2, "0")).join("");
}

// How wide an edge of some weight is, in points.
function edgeWidth(weight) {
  return 0.6 + 4.4 * weight;
}

// A number as people write it: whole, or with two digits.
function shown(value) {
  return Number.isInteger(value) ? String(value) : value.toFixed(2);
}

// Whether a file and a line is among several.
function hasPlace(places, [file, line]) {
  return places.some((p) => p[0] === file && p[1] === line);
}

// Where a weight comes from: of a choice of the program from its hole, else from the branch at
// this moment; null where neither says it.
function shareWeight(share, weights, branches, temperature) {
  const known = weights[share.hole];
  const met = branches.find((b) => hasPlace(b.places, share.place) && b.values.length === share.cases);
  if (met && share.cases) return met.values[share.case];
  if (!known || !share.alternatives.length) return null;
  const mean = meanWeights(known, temperature);
  return share.alternatives.reduce((sum, k) => sum + mean[k], 0);
}
