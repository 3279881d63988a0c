// The page: controls, and what they change. Everything drawn over time comes from `pictures.js`.

(function () {
  const data = JSON.parse(document.getElementById("dp-data").textContent);
  const at = (name) => document.getElementById("dp-" + name);
  const graph = at("graph");
  const lines = [...document.querySelectorAll(".line")];
  const files = data.files;
  const state = { item: 0, mode: "soft", moment: 0, temperature: 1 };
  const groups = new Map();
  // Graphviz puts an `a_` before the id of a link inside; every id of ours begins with its kind.
  for (const g of graph.querySelectorAll("g[id]")) {
    const name = g.id.replace(/^a_/, "");
    if (!groups.has(name)) groups.set(name, g);
  }

  function run() {
    const item = data.items[state.item];
    return item ? item[state.mode] : { answer: "", last: 0, panels: [] };
  }

  function branches() {
    return run().panels
      .filter((p) => p.kind === "branch" || p.kind === "decision")
      .map((p) => ({ places: p.places, values: valuesAt(p, state.moment, state.temperature) }))
      .filter((b) => b.values !== null);
  }

  // --- the graph: widths, bars and numbers by weight ---------------------------------------------

  function setEdge(group, weight) {
    const colour = weight === null ? "#4b5563" : blend("#1f2937", weight, 0.2);
    for (const path of group.querySelectorAll("path")) {
      path.setAttribute("stroke", colour);
      path.setAttribute("stroke-width", weight === null ? 1 : edgeWidth(weight));
    }
    for (const head of group.querySelectorAll("polygon")) {
      head.setAttribute("stroke", colour);
      head.setAttribute("fill", colour);
    }
    for (const label of group.querySelectorAll("text")) {
      if (label.dataset.name === undefined) label.dataset.name = label.textContent.trim().replace(/ ?0\.00$/, "");
      const number = weight !== null && weight >= NUMBERED ? weight.toFixed(2) : "";
      label.textContent = `${label.dataset.name} ${number}`.trim();
    }
  }

  function setBar(group, number, weight) {
    const boxes = [...group.querySelectorAll("polygon")];
    if (!group.dataset.left) {
      const xs = boxes.flatMap((b) => b.getAttribute("points").trim().split(/\s+/).map((p) => +p.split(",")[0]));
      const ys = boxes.flatMap((b) => b.getAttribute("points").trim().split(/\s+/).map((p) => +p.split(",")[1]));
      Object.assign(group.dataset, { left: Math.min(...xs), right: Math.max(...xs), top: Math.min(...ys), low: Math.max(...ys) });
      boxes.slice(1).forEach((b) => b.remove());
      boxes[0].parentNode.insertBefore(boxes[0].cloneNode(), boxes[0]).setAttribute("fill", GRID);
    }
    const { left, right, top, low } = group.dataset;
    const points = (end) => `${left},${top} ${end},${top} ${end},${low} ${left},${low}`;
    const [track, bar] = group.querySelectorAll("polygon");
    track.setAttribute("points", points(right));
    bar.setAttribute("points", points(+left + (right - left) * (weight || 0)));
    bar.setAttribute("fill", "#1f2937");
    const label = number && number.querySelector("text");
    if (label) label.textContent = weight === null ? "–" : weight.toFixed(2);
  }

  function setBits(group, share) {
    const known = data.weights[share.hole];
    const label = group.querySelector("text");
    if (!known || !label) return;
    const bits = meanBits(known, state.temperature).toFixed(2);
    label.textContent = label.textContent.replace(/, (up to )?[\d.]+ bits$/, `, ${bits} bits`);
  }

  function weighGraph() {
    const met = branches();
    for (const [name, share] of Object.entries(data.shares)) {
      const group = groups.get(name);
      if (!group) continue;
      const weight = shareWeight(share, data.weights, met, state.temperature);
      if (name.startsWith("edge")) setEdge(group, weight);
      else if (name.startsWith("bar")) setBar(group, groups.get(`${name} number`), weight);
      else setBits(group, share);
    }
  }

  // --- what happens over time ---------------------------------------------------------------------

  function drawPanels() {
    const { panels, last } = run();
    const heads = [...new Set(panels.filter((p) => p.kind === "address").map(headOf))];
    at("panels").innerHTML =
      heads.map((h) => `<div class="panel strip" data-head="${escaped(h)}"><h2>addressing of ${escaped(h)}, now</h2><div></div></div>`).join("") +
      panels.map((p) => `<div class="panel"><h2>${escaped(p.title)}</h2>${picture(p, last, state.temperature)}</div>`).join("");
  }

  function headOf(panel) {
    return panel.name.slice(panel.name.indexOf(", ") + 2);
  }

  function showMoment() {
    const { panels } = run();
    for (const cursor of document.querySelectorAll(".cursor")) {
      cursor.setAttribute("x", +cursor.dataset.left + state.moment * cursor.dataset.across);
    }
    for (const box of document.querySelectorAll(".strip")) {
      const own = panels.filter((p) => p.kind === "address" && headOf(p) === box.dataset.head);
      box.querySelector("div").innerHTML = strip(own, state.moment);
    }
    const now = panels.filter((p) => p.kind !== "memory" && valuesAt(p, state.moment, 1) !== null);
    const places = now.flatMap((p) => p.places);
    for (const line of lines) {
      const own = [files[line.dataset.file], +line.dataset.line];
      line.classList.toggle("now", hasPlace(places, own));
    }
    weighGraph();
    say(now);
  }

  function say(now) {
    const parts = now.slice(0, 4).map((p) => {
      const values = valuesAt(p, state.moment, state.temperature);
      const best = values.indexOf(Math.max(...values));
      if (p.form === "bars") return `${p.name}: ${shown(values.reduce((a, b) => a + b, 0))} halts`;
      const name = p.rows[best] === undefined ? `${p.side} ${best}` : p.rows[best];
      return `${p.title.replace(/ \(line.*/, "")}: ${name} ${shown(values[best])}`;
    });
    const answer = run().answer;
    at("said").textContent = data.items.length ? `Moment ${state.moment}. ${parts.join("; ")}${parts.length ? ". " : ""}Answer: ${answer}` : "";
  }

  function showRun() {
    const { last } = run();
    state.moment = Math.min(state.moment, last);
    at("time").max = last;
    drawPanels();
    setMoment(state.moment);
  }

  function setMoment(moment) {
    state.moment = Math.max(0, Math.min(run().last, moment));
    at("time").value = state.moment;
    at("time-now").textContent = `${state.moment} of ${run().last}`;
    showMoment();
  }

  // --- lighting up ----------------------------------------------------------------------------------

  function light(name, first, last) {
    for (const [id, place] of Object.entries(data.places)) {
      const group = groups.get(id);
      if (group) group.classList.toggle("lit", place[0] === name && place[1] >= first && place[1] <= last);
    }
    for (const line of lines) {
      const inside = files[line.dataset.file] === name && +line.dataset.line >= first && +line.dataset.line <= last;
      line.classList.toggle("lit", inside);
    }
  }

  function lightFrom(target) {
    const line = target.closest && target.closest(".line");
    if (line) return light(files[line.dataset.file], +line.dataset.line, +line.dataset.line);
    for (let g = target.closest && target.closest("g[id]"); g; g = g.parentNode.closest("g[id]")) {
      const place = data.places[g.id.replace(/^a_/, "")];
      if (place) return light(...place);
    }
    return light("", 0, -1);
  }

  function keep(target) {
    const panel = target.closest && target.closest(".panel");
    for (const box of document.querySelectorAll(".panel.some")) box.classList.remove("some");
    const { cell, moment } = target.dataset || {};
    if (!panel || (cell === undefined && moment === undefined) || target.classList.contains("hit")) return;
    panel.classList.add("some");
    for (const other of panel.querySelectorAll("[data-cell], [data-moment]")) {
      const row = cell !== undefined && other.dataset.cell === cell;
      const column = moment !== undefined && other.dataset.moment === moment;
      const linked = other.tagName === "line" && cell !== undefined && moment !== undefined;
      other.classList.toggle("kept", linked ? row && column : row || column);
    }
  }

  // --- events ------------------------------------------------------------------------------------

  for (const name of ["mouseover", "focusin"]) {
    document.addEventListener(name, (event) => {
      lightFrom(event.target);
      keep(event.target);
    });
  }
  document.addEventListener("click", (event) => {
    const moment = event.target.dataset && event.target.dataset.moment;
    if (moment !== undefined) setMoment(+moment);
  });
  document.addEventListener("keydown", (event) => {
    const steps = { ArrowLeft: -1, ArrowRight: 1, Home: -Infinity, End: Infinity };
    const typing = event.target.closest("select, input") && event.target.id !== "dp-time";
    if (typing || steps[event.key] === undefined || !data.items.length) return;
    event.preventDefault();
    setMoment(state.moment + steps[event.key]);
  });
  at("time").addEventListener("input", () => setMoment(+at("time").value));
  at("heat").addEventListener("input", () => {
    state.temperature = Math.pow(10, +at("heat").value);
    at("heat-now").textContent = state.temperature.toFixed(2);
    showRun();
  });
  at("item").addEventListener("change", () => {
    state.item = +at("item").value;
    showRun();
  });
  for (const radio of document.querySelectorAll("[name=dp-mode]")) {
    radio.addEventListener("change", () => {
      state.mode = radio.value;
      showRun();
    });
  }
  at("controls").addEventListener("submit", (event) => event.preventDefault());

  // Graphviz measures text by Helvetica; where the browser has a wider font, text gets smaller.
  function fitGraph() {
    const svg = graph.querySelector("svg");
    const pen = document.createElement("canvas").getContext("2d");
    const scaleOf = (weight, width) => {
      pen.font = `${weight} 100px Helvetica, Arial, "Liberation Sans", sans-serif`;
      return Math.min(1, width / pen.measureText("nnnnnnnnnn").width);
    };
    const scales = { bold: scaleOf("bold", 611), normal: scaleOf("normal", 556) };
    for (const label of svg.querySelectorAll("text")) {
      const scale = scales[label.getAttribute("font-weight") || "normal"];
      label.setAttribute("font-size", (label.getAttribute("font-size") * scale).toFixed(2));
    }
    // A graph that is little too wide is drawn smaller; a wider one can be scrolled.
    const natural = (svg.viewBox.baseVal.width * 4) / 3;
    svg.setAttribute("width", Math.max(natural / 1.5, Math.min(natural, graph.clientWidth - 4)));
    svg.removeAttribute("height");
  }

  // --- at first ------------------------------------------------------------------------------------

  data.items.forEach((item, k) => at("item").add(new Option(item.name, k)));
  at("item-box").hidden = data.items.length < 2;
  at("mode-box").hidden = !data.items.length;
  at("time-box").hidden = !data.items.length;
  const choices = data.items.some((i) => i.soft.panels.some((p) => p.choice));
  at("heat-box").hidden = !choices && !Object.keys(data.weights).length;
  for (const id of Object.keys(data.places)) {
    const group = groups.get(id);
    if (group && group.classList.contains("node")) group.setAttribute("tabindex", "0");
  }
  // Cells are links only to keep their ids: they lead nowhere, and Tab passes them.
  for (const link of graph.querySelectorAll("a")) link.removeAttribute("xlink:href");
  fitGraph();
  showRun();
})();
