// Panels as SVG text: one function a form. Pure functions of a panel and of what is asked for.

const WIDE_LEFT = 150;
const NARROW_LEFT = 44;
const TOP = 6;
const INK = "#111827";
const QUIET = "#4b5563";
const GRID = "#d1d5db";
const NUMBERED = 0.1;

function escaped(text) {
  const names = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
  return String(text).replace(/[&<>"]/g, (c) => names[c]);
}

function clipped(text, most) {
  return text.length > most ? text.slice(0, most - 1) + "…" : text;
}

function rect(x, y, width, height, look) {
  return `<rect x="${x}" y="${y}" width="${width}" height="${height}" ${look}/>`;
}

function text(x, y, content, look) {
  return `<text x="${x}" y="${y}" ${look || ""}>${escaped(content)}</text>`;
}

// Sizes of a panel: of columns by how many moments there are, of rows by how many cells.
function sizes(panel, last) {
  const count = Math.max(...panel.spans.map((s) => s[2].length));
  const across = last < 20 ? 34 : last < 45 ? 20 : last < 120 ? 9 : 5;
  const up = panel.rows.length || count <= 24 ? 17 : count <= 64 ? 8 : 4;
  const left = panel.rows.length || panel.form === "decision" ? WIDE_LEFT : NARROW_LEFT;
  return { count, across, up, left, width: (last + 1) * across };
}

// The values of a panel's spans, those of choices at a temperature.
function spansAt(panel, temperature) {
  if (!panel.choice) return panel.spans;
  return panel.spans.map(([from, to, values]) => [from, to, tempered(values, temperature)]);
}

// The values that a panel has at a moment, or null.
function valuesAt(panel, moment, temperature) {
  const found = spansAt(panel, temperature).find(([from, to]) => from <= moment && moment < to);
  return found ? found[2] : null;
}

function rowNames(panel, size) {
  const every = panel.rows.length || size.count <= 12 ? 1 : Math.ceil(size.count / 8);
  let out = "";
  for (let cell = 0; cell < size.count; cell += every) {
    const name = panel.rows[cell] === undefined ? String(cell) : panel.rows[cell];
    const look = `class="word" data-cell="${cell}" text-anchor="end"`;
    out += text(size.left - 8, TOP + (cell + 0.5) * size.up + 4, clipped(name, 24), look);
  }
  return out;
}

// The axis of moments: words where reads are for something, numbers elsewhere.
function momentNames(panel, size, last, below) {
  const words = Object.keys(panel.columns).length > 0;
  const every = size.across >= 20 ? 1 : size.across >= 9 ? 5 : 10;
  let out = "";
  for (let m = 0; m <= last; m += words ? 1 : every) {
    if (words && panel.columns[m] === undefined) continue;
    const x = size.left + (m + 0.5) * size.across;
    const look = `class="word" data-moment="${m}"`;
    if (!words) out += text(x, below + 14, m, `${look} text-anchor="middle"`);
    else {
      const turned = `transform="rotate(-40 ${x} ${below + 12})" text-anchor="end"`;
      out += text(x, below + 12, clipped(panel.columns[m], 14), `${look} ${turned}`);
    }
  }
  return out;
}

function framed(panel, size, height, body, last) {
  const words = Object.keys(panel.columns).length > 0;
  const tall = TOP + height + (words ? 64 : 22);
  const wide = size.left + size.width + (panel.form === "bars" ? 64 : 8);
  let hits = "";
  for (let m = 0; m <= last; m++) {
    const x = size.left + m * size.across;
    hits += rect(x, TOP, size.across, height, `class="hit" data-moment="${m}"`);
  }
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" width="${wide}" height="${tall}" ` +
    `viewBox="0 0 ${wide} ${tall}" role="img" aria-label="${escaped(panel.title)}">` +
    hits + body + rect(size.left, TOP, size.width, height, 'class="frame"') +
    momentNames(panel, size, last, TOP + height) +
    rect(size.left, TOP, size.across, height, `class="cursor" data-across="${size.across}" data-left="${size.left}"`) +
    "</svg>"
  );
}

function cellTitle(panel, cell, moment, value) {
  const name = panel.rows[cell] === undefined ? `${panel.side || "case"} ${cell}` : panel.rows[cell];
  return `<title>${escaped(name)}, moment ${moment}: ${shown(value)}</title>`;
}

function cells(panel, size, spans) {
  const numbered = size.across >= 30 && size.up >= 14;
  let out = "";
  for (const [from, to, values] of spans) {
    values.forEach((value, cell) => {
      const share = panel.high > panel.low ? (value - panel.low) / (panel.high - panel.low) : 0;
      if (share < 0.004) return;
      const x = size.left + from * size.across;
      const y = TOP + cell * size.up;
      const look = `fill="${blend(panel.hue, share, 0)}" data-cell="${cell}" data-moment="${from}"`;
      out += `<rect x="${x}" y="${y}" width="${(to - from) * size.across}" height="${size.up}" ${look}>`;
      out += cellTitle(panel, cell, from, value) + "</rect>";
      if (numbered && (panel.kind === "memory" || value >= NUMBERED)) {
        const ink = share > 0.55 ? "#ffffff" : INK;
        const place = `text-anchor="middle" data-cell="${cell}" data-moment="${from}"`;
        const style = `style="fill: ${ink}; font-size: 10px; pointer-events: none"`;
        out += text(x + size.across / 2, y + size.up / 2 + 3.5, shown(value), `${place} ${style}`);
      }
    });
  }
  return out;
}

// A shade a cell; an alignment has its links beneath.
function heat(panel, last, temperature) {
  const size = sizes(panel, last);
  const body = cells(panel, size, spansAt(panel, temperature)) + rowNames(panel, size);
  const drawn = framed(panel, size, size.count * size.up, body, last);
  return panel.rows.length && Object.keys(panel.columns).length ? drawn + links(panel) : drawn;
}

// Words above, what they are read for beneath, a line for each weight.
function links(panel) {
  const across = 58;
  const many = Math.max(panel.rows.length, panel.spans.length);
  const wide = many * across + 20;
  const place = (k, of) => 10 + ((k + 0.5) * many * across) / of;
  let lines = "";
  let words = "";
  panel.rows.forEach((name, cell) => {
    const look = `class="word" text-anchor="middle" data-cell="${cell}"`;
    words += text(place(cell, panel.rows.length), 14, clipped(name, 9), look);
  });
  panel.spans.forEach(([from, , values], k) => {
    const x = place(k, panel.spans.length);
    const look = `class="word" text-anchor="middle" data-moment="${from}"`;
    words += text(x, 128, clipped(panel.columns[from] || String(from), 9), look);
    values.forEach((value, cell) => {
      if (value < 0.03) return;
      const stroke = `stroke="${blend(panel.hue, value, 0.2)}" stroke-width="${edgeWidth(value)}"`;
      lines += `<line x1="${place(cell, panel.rows.length)}" y1="20" x2="${x}" y2="116" ${stroke} data-cell="${cell}" data-moment="${from}">`;
      lines += cellTitle(panel, cell, from, value) + "</line>";
    });
  });
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" class="links" width="${wide}" height="136" ` +
    `viewBox="0 0 ${wide} 136" role="img" aria-label="links of ${escaped(panel.title)}">` +
    lines + words + "</svg>"
  );
}

// A box a case with a bar and a number.
function boxes(panel, last, temperature) {
  const size = { ...sizes(panel, last), up: 20 };
  let body = rowNames(panel, size);
  for (const [from, , values] of spansAt(panel, temperature)) {
    values.forEach((value, cell) => {
      const x = size.left + from * size.across + 1;
      const y = TOP + cell * size.up + 2;
      const at = `data-cell="${cell}" data-moment="${from}"`;
      const tall = 16 * value;
      body += rect(x, y, size.across - 2, 16, `fill="#ffffff" stroke="${GRID}" ${at}`);
      body += rect(x, y + 16 - tall, size.across - 2, tall, `fill="${blend(panel.hue, 0.45, 0.2)}" ${at}`);
      if (size.across >= 30 && value >= NUMBERED) {
        const look = `text-anchor="middle" ${at} style="pointer-events: none"`;
        body += text(x + size.across / 2 - 1, y + 12, shown(value), look);
      }
    });
  }
  return framed(panel, size, size.count * size.up, body, last);
}

// Operations by step, the largest outlined; beneath them the entropy, a bar a step.
function decision(panel, last, temperature) {
  const size = sizes(panel, last);
  const spans = spansAt(panel, temperature);
  const floor = TOP + size.count * size.up + 40;
  const most = Math.log2(Math.max(size.count, 2));
  let body = cells(panel, size, spans) + rowNames(panel, size);
  body += text(size.left - 8, floor - 8, "entropy, bits", 'class="side" text-anchor="end"');
  for (const [from, , values] of spans) {
    const x = size.left + from * size.across;
    const best = values.indexOf(Math.max(...values));
    const outline = `fill="none" stroke="${INK}" stroke-width="2" data-cell="${best}" data-moment="${from}"`;
    body += rect(x + 1, TOP + best * size.up + 1, size.across - 2, size.up - 2, outline);
    const bits = bitsOf(values);
    const tall = (24 * bits) / most;
    body += rect(x + 3, floor - tall, size.across - 6, tall, `fill="${QUIET}" data-moment="${from}"`);
    if (size.across >= 30) {
      const look = `text-anchor="middle" data-moment="${from}"`;
      body += text(x + size.across / 2, floor - tall - 2, bits.toFixed(2), look);
    }
  }
  return framed(panel, size, floor - TOP + 2, body, last);
}

// The halting weight of each step; the remainder stands on top, hatched.
function bars(panel, last) {
  const size = sizes(panel, last);
  const tall = 80;
  const scale = 64;
  const hatch = `dp-hatch-${panel.id}`;
  let body =
    `<pattern id="${hatch}" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">` +
    `<rect width="6" height="6" fill="#ffffff"/><rect width="2" height="6" fill="${panel.hue}"/></pattern>`;
  for (const value of [0, 0.5, 1]) {
    const y = TOP + tall - scale * value;
    body += text(size.left - 8, y + 4, value.toFixed(1), 'class="side" text-anchor="end"');
    body += rect(size.left, y, size.width, 0.5, `fill="${GRID}"`);
  }
  let sum = 0;
  for (const [from, , [stopped, rest = 0]] of panel.spans) {
    const x = size.left + from * size.across + size.across * 0.1;
    const wide = size.across * 0.8;
    const y = TOP + tall - scale * stopped;
    const at = `data-moment="${from}"`;
    sum += stopped + rest;
    body += rect(x, y, wide, scale * stopped, `fill="${panel.hue}" ${at}`);
    if (rest > 0) {
      const look = `fill="url(#${hatch})" stroke="${panel.hue}" ${at}`;
      body += rect(x, y - scale * rest, wide, scale * rest, look);
    }
    if (size.across >= 30 && stopped + rest >= 0.01) {
      const look = `text-anchor="middle" ${at}`;
      body += text(x + wide / 2, y - scale * rest - 3, shown(stopped + rest), look);
    }
  }
  body += text(size.left + size.width + 6, TOP + 12, `sum ${sum.toFixed(2)}`, 'class="side"');
  return framed(panel, size, tall, body, last);
}

// The steps of an address at one moment, a row a step: content, interpolate, shift, sharpen.
function strip(panels, moment) {
  const found = panels.map((p) => valuesAt(p, moment, 1)).map((v) => v || []);
  const count = Math.max(...found.map((v) => v.length));
  if (!(count > 0)) return "";
  const across = count <= 24 ? 28 : Math.max(4, Math.floor(672 / count));
  const wide = WIDE_LEFT + count * across + 8;
  let body = "";
  found.forEach((values, row) => {
    const y = 4 + row * 24;
    const look = `text-anchor="end"`;
    body += text(WIDE_LEFT - 8, y + 14, panels[row].name.split(",")[0], look);
    body += rect(WIDE_LEFT, y, count * across, 20, 'class="frame"');
    values.forEach((value, cell) => {
      const tall = 20 * value;
      body += rect(WIDE_LEFT + cell * across, y + 20 - tall, across - 1, tall, `fill="${panels[row].hue}" data-cell="${cell}"`);
    });
  });
  for (let cell = 0; cell < count; cell += across >= 20 ? 1 : Math.ceil(count / 8)) {
    const look = `class="word side" text-anchor="middle" data-cell="${cell}"`;
    body += text(WIDE_LEFT + (cell + 0.5) * across, 12 + found.length * 24 + 4, cell, look);
  }
  const tall = found.length * 24 + 20;
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" width="${wide}" height="${tall}" ` +
    `viewBox="0 0 ${wide} ${tall}" role="img" aria-label="addressing strip">${body}</svg>`
  );
}

const FORMS = { heat, boxes, decision, bars };

function picture(panel, last, temperature) {
  return FORMS[panel.form](panel, last, temperature);
}
