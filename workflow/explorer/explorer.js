"use strict";
const data = JSON.parse(document.getElementById("data").textContent);
const at = (id) => document.getElementById(id);
const KEYS = ["study", "level", "batch_size", "seed"];
const CHARTS = {
  loss: { lines: ["train_loss", "val_loss"], label: "Mean squared error", log: true },
  accuracy: { lines: ["train_accuracy", "val_accuracy"], label: `Share with an error of at most ${data.threshold}` },
  iterations_mean: { lines: ["iterations_mean"], label: "Applications of T per pass", log: true },
  spectral_norm: { lines: ["spectral_norm"], label: "Spectral norm of W", rule: 1 },
};
const COLUMNS = [
  ["study", "study"],
  ["level", "gradient"],
  ["batch_size", "batch size", "number"],
  ["seed", "seed", "number"],
  ["lowest", "lowest loss of an epoch", "number"],
  ["best", "at epoch", "number"],
  ["end", "loss of the last network", "number"],
  ["form", "its function"],
  ["least", "least loss of such a function", "number"],
];
const shown = (value) => (value === null ? "–" : typeof value === "number" ? String(Number(value.toPrecision(4))) : value);
const color = ["var(--one)", "var(--two)"];
const state = { what: "loss", epoch: Infinity, sort: "study", down: false, filter: "" };

// The runs that have the same values of the keys before this one.
function among(key) {
  const before = KEYS.slice(0, KEYS.indexOf(key));
  return data.runs.filter((run) => before.every((k) => String(run[k]) === String(state[k])));
}

function complete() {
  for (const key of KEYS) {
    const values = [...new Set(among(key).map((run) => String(run[key])))];
    if (!values.includes(String(state[key]))) state[key] = values[0];
    at(key).replaceChildren(...values.map((value) => new Option(value, value, false, value === String(state[key]))));
  }
}

const chosen = () => data.runs.find((run) => KEYS.every((k) => String(run[k]) === String(state[k])));

// The value of a piecewise linear function; outside of its corners there is none.
function valueAt(corners, x) {
  for (let k = 1; k < corners.length; k++) {
    const [[x0, y0], [x1, y1]] = [corners[k - 1], corners[k]];
    if (x <= x1 + 1e-6) return x1 > x0 ? y0 + ((y1 - y0) * (x - x0)) / (x1 - x0) : y0;
  }
  return null;
}

function plot(id, options) {
  const width = Math.max(320, at(id).clientWidth);
  at(id).replaceChildren(Plot.plot({ width, height: Math.round(Math.min(420, 140 + 0.35 * width)), marginLeft: 56, marginBottom: 44, style: { fontSize: "13px" }, ...options }));
}

function drawAlong(run, snapshot) {
  const chart = CHARTS[state.what];
  const rows = chart.lines.flatMap((name) =>
    run.epochs.map((epoch, k) => ({ epoch, value: run.series[name][k], name: data.series[name] })),
  ).filter((row) => row.value !== null && (!chart.log || row.value > 0));
  const title = `${chart.lines.map((name) => data.series[name]).join(", ")}`;
  at("along_title").textContent = title;
  plot("along", {
    ariaLabel: title,
    x: { type: "log", label: "Epoch", grid: true, tickFormat: "~s" },
    y: { type: chart.log ? "log" : "linear", label: chart.label, grid: true, tickFormat: chart.log ? "~g" : undefined },
    color: { domain: chart.lines.map((name) => data.series[name]), range: color, legend: chart.lines.length > 1 },
    marks: [
      chart.rule ? Plot.ruleY([chart.rule], { strokeDasharray: "4" }) : null,
      snapshot.epoch > 0 ? Plot.ruleX([snapshot.epoch], { stroke: "var(--faint)" }) : null,
      ...chart.lines.map((name, k) =>
        Plot.lineY(rows.filter((row) => row.name === data.series[name]), {
          x: "epoch", y: "value", stroke: "name", strokeDasharray: k ? "5 3" : undefined,
        }),
      ),
      Plot.tip(rows, Plot.pointerX({ x: "epoch", y: "value", stroke: "name", fill: "var(--back)" })),
    ],
  });
}

function drawFunction(run, snapshot) {
  const points = data.points.map(([x, y]) => {
    const value = valueAt(snapshot.corners, x);
    return { x, y, error: value === null ? null : value - y };
  });
  const most = Math.max(...points.map((point) => Math.abs(point.error ?? 0)), 1e-9);
  const title = `The network after epoch ${snapshot.epoch} (line), and the target (dots)`;
  at("function_title").textContent = snapshot.corners.length ? title : `${title}: ${snapshot.form}`;
  plot("function", {
    ariaLabel: title,
    x: { label: "Position along the diagonal of the room (m)", grid: true },
    y: { label: "Target and prediction", grid: true },
    color: { type: "diverging", scheme: "PuOr", domain: [-most, most], label: "Prediction minus target", legend: true },
    marks: [
      Plot.dot(points, { x: "x", y: "y", stroke: "var(--faint)", strokeWidth: 0.4, r: 3 }),
      snapshot.corners.length ? Plot.dot(points, { x: "x", y: "y", fill: "error", r: 2.8, tip: true }) : null,
      Plot.line(snapshot.corners, { stroke: "var(--text)", strokeWidth: 2 }),
      Plot.dot(snapshot.corners.slice(1, -1), { symbol: "diamond", r: 6, fill: "var(--text)", ariaLabel: ([x]) => `kink at ${shown(x)} m` }),
    ],
  });
}

function csv(rows) {
  const quoted = (cell) => (/[",\n]/.test(String(cell ?? "")) ? `"${String(cell).replaceAll('"', '""')}"` : String(cell ?? ""));
  return rows.map((row) => row.map(quoted).join(",") + "\n").join("");
}

function save(name, rows) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([csv(rows)], { type: "text/csv" }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

// Every word of the filter is in the row.
function listed() {
  const words = state.filter.toLowerCase().split(/\s+/).filter(Boolean);
  const text = (run) => ` ${COLUMNS.map(([key]) => shown(run[key])).join(" ").toLowerCase()} `;
  const runs = data.runs.filter((run) => words.every((word) => text(run).includes(/^\d+$/.test(word) ? ` ${word} ` : word)));
  const key = state.sort;
  const order = (a, b) => (a === b ? 0 : a === null ? 1 : b === null ? -1 : a < b ? -1 : 1);
  runs.sort((a, b) => order(a[key], b[key]) * (state.down && a[key] !== null && b[key] !== null ? -1 : 1));
  return runs;
}

function drawTable() {
  at("head").replaceChildren(
    ...COLUMNS.map(([key, label, kind]) => {
      const cell = document.createElement("th");
      cell.scope = "col";
      cell.className = kind ?? "";
      const sorted = state.sort === key;
      cell.ariaSort = sorted ? (state.down ? "descending" : "ascending") : "none";
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = label + (sorted ? (state.down ? " ▼" : " ▲") : "");
      button.onclick = () => {
        state.down = sorted && !state.down;
        state.sort = key;
        drawTable();
        keep();
        at("head").querySelectorAll("button")[COLUMNS.findIndex(([k]) => k === key)].focus();
      };
      cell.append(button);
      return cell;
    }),
  );
  const runs = listed();
  const run = chosen();
  at("rows").replaceChildren(
    ...runs.map((one) => {
      const row = document.createElement("tr");
      for (const [key, , kind] of COLUMNS) {
        const cell = row.insertCell();
        cell.textContent = shown(one[key]);
        cell.className = kind ?? "";
      }
      // What a keyboard reaches: a button with the name of the run.
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = shown(one[KEYS[0]]);
      button.ariaLabel = `Show ${KEYS.map((key) => `${key.replace("_", " ")} ${one[key]}`).join(", ")}`;
      row.cells[0].replaceChildren(button);
      row.onclick = () => {
        choose(one);
        at("rows").querySelector("tr[aria-current] button")?.focus();
      };
      if (one === run) row.ariaCurrent = "true";
      return row;
    }),
  );
  at("count").textContent = `${runs.length} of ${data.runs.length} runs`;
}

function choose(run) {
  for (const key of KEYS) state[key] = String(run[key]);
  draw();
}

function drawRun() {
  const run = chosen();
  const last = run.snapshots.length - 1;
  // The snapshot that is nearest to the epoch; studies keep other epochs.
  const away = run.snapshots.map((one) => Math.abs(one.epoch - state.epoch));
  const place = Number.isFinite(state.epoch) ? away.indexOf(Math.min(...away)) : last;
  const snapshot = run.snapshots[place];
  at("snapshot").max = last;
  at("snapshot").value = place;
  at("epoch").textContent = snapshot.epoch;
  at("snapshot").setAttribute("aria-valuetext", `epoch ${snapshot.epoch}`);
  const least = run.least === null ? "" : `, and no such function has a loss below ${shown(run.least)}`;
  at("said").textContent =
    `Lowest loss of an epoch, a mean while it trains: ${shown(run.lowest)}, at epoch ${run.best}. The network at the ` +
    `end: ${run.form}, with a loss of ${shown(run.end)}${least}. The network after epoch ${snapshot.epoch}: ${shown(snapshot.loss)}.`;
  drawAlong(run, snapshot);
  drawFunction(run, snapshot);
}

// What is seen is in the link.
function keep() {
  const kept = new URLSearchParams();
  for (const key of [...KEYS, "what", "sort", "filter"]) if (state[key] !== "") kept.set(key, state[key]);
  if (Number.isFinite(state.epoch)) kept.set("epoch", state.epoch);
  if (state.down) kept.set("down", "1");
  history.replaceState(null, "", `#${kept}`);
}

function take() {
  const kept = new URLSearchParams(location.hash.slice(1));
  for (const key of KEYS) delete state[key];
  Object.assign(state, { what: "loss", sort: "study", filter: "" });
  for (const key of [...KEYS, "what", "sort", "filter"]) if (kept.has(key)) state[key] = kept.get(key);
  if (!Object.hasOwn(CHARTS, state.what)) state.what = "loss";
  if (!COLUMNS.some(([key]) => key === state.sort)) state.sort = "study";
  const epoch = Number.parseInt(kept.get("epoch"), 10);
  state.epoch = Number.isNaN(epoch) ? Infinity : epoch;
  state.down = kept.get("down") === "1";
}

function draw() {
  complete();
  at("what").value = state.what;
  at("filter").value = state.filter;
  drawRun();
  drawTable();
  keep();
}

for (const key of [...KEYS, "what"]) {
  at(key).onchange = () => {
    state[key] = at(key).value;
    draw();
  };
}
at("snapshot").oninput = () => {
  state.epoch = chosen().snapshots[Number(at("snapshot").value)].epoch;
  drawRun();
  keep();
};
at("filter").oninput = () => {
  state.filter = at("filter").value;
  drawTable();
  keep();
};
at("choice").onsubmit = (event) => event.preventDefault();
at("download_run").onclick = () => {
  const run = chosen();
  const names = Object.keys(data.series);
  const rows = run.epochs.map((epoch, k) => [epoch, ...names.map((name) => run.series[name][k])]);
  save(`${KEYS.map((key) => run[key]).join("_").replaceAll("/", "-")}.csv`, [["epoch", ...names], ...rows]);
};
at("download_table").onclick = () =>
  save("runs.csv", [COLUMNS.map(([key]) => key), ...listed().map((run) => COLUMNS.map(([key]) => run[key]))]);
at("origin").textContent = `Made from configuration ${data.origin.settings_sha256.slice(0, 12)}, commit ${(data.origin.commit ?? "none").slice(0, 12)}.`;
let resized;
addEventListener("resize", () => {
  clearTimeout(resized);
  resized = setTimeout(drawRun, 100);
});
addEventListener("hashchange", () => {
  take();
  draw();
});
take();
draw();
