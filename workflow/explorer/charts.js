"use strict";
const data = JSON.parse(document.getElementById("data").textContent);
const at = (id) => document.getElementById(id);
const KEYS = ["study", "level", "batch_size", "seed"];
const CHARTS = {
  loss: { lines: ["train_loss", "val_loss"], label: "Mean squared error", log: true, rule: [data.reached, `a loss of ${data.reached} counts as reached`] },
  accuracy: { lines: ["train_accuracy", "val_accuracy"], label: `Share with an error of at most ${data.threshold}` },
  iterations_mean: { lines: ["iterations_mean"], label: data.series.iterations_mean, log: true, rule: (run) => run.stopped && [run.limit, `limit of a search: ${told(run.limit)} steps`] },
  spectral_norm: { lines: ["spectral_norm"], label: data.series.spectral_norm, rule: [1, "below 1 the latent map contracts"] },
};
// Errors below and above 0 and at it, each away from the back of the page.
const ERRORS = { light: ["#542788", "#dcdcdc", "#b35806"], dark: ["#b9a0ff", "#56595e", "#ffa64d"] };
const isDark = matchMedia("(prefers-color-scheme: dark)");
const color = ["var(--one)", "var(--two)"];
const shown = (value, digits = 4) =>
  value === null ? "–" : typeof value !== "number" ? value : value && Math.abs(value) < 1e-4
    ? String(Number(value.toPrecision(digits)).toExponential()) : String(Number(value.toPrecision(digits)));
const capital = (text) => text[0].toUpperCase() + text.slice(1);
// Whether an update takes all training points.
const isFull = (run) => run.batch_size >= data.size;
const told = (value) => value.toLocaleString("en-US");
// How many epochs of a run are in the page.
const part = (run) => `${told(run.epochs.length)} of ${told(run.trained)} epochs`;

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
  const height = Math.round(Math.min(420, 150 + 0.35 * width));
  // The label of the y axis stands above its highest number.
  const room = { marginTop: 34, marginLeft: 60, marginBottom: 44 };
  at(id).replaceChildren(Plot.plot({ width, height, ...room, style: { fontSize: "13px" }, ...options }));
}

// The lowest and the highest values since the epoch before; there is one epoch each at first.
function rangesOf(run, name) {
  const values = run.series[name];
  return run.ranges[name]?.map((ends) => [...values.slice(0, values.length - ends.length), ...ends]);
}

// What is drawn of a quantity: its values, and the range since the epoch that is shown before.
function along(run, name) {
  const [lows, highs] = rangesOf(run, name) ?? [[], []];
  return run.epochs.map((epoch, k) => ({
    epoch, value: run.series[name][k], low: lows[k] ?? null, high: highs[k] ?? null, name: data.series[name],
    stopped: run.stopped_since[k] ?? 0,
  }));
}

function tipOf(row) {
  const lines = [`${row.name}: ${shown(row.value, 3)}`, `Epoch ${told(row.epoch)}`];
  if (row.low !== row.high) lines.push(`since the point before: ${shown(row.low, 3)} to ${shown(row.high, 3)}`);
  if (row.stopped) lines.push(`search for fixed points at its limit in ${told(row.stopped)} epoch${row.stopped > 1 ? "s" : ""} since`);
  return lines.join("\n");
}

function drawAlong(run, snapshot) {
  const chart = CHARTS[state.what];
  const rule = typeof chart.rule === "function" ? chart.rule(run) : chart.rule;
  const drawn = (value) => value !== null && (!chart.log || value > 0);
  const rows = chart.lines.flatMap((name) => along(run, name)).filter((row) => drawn(row.value));
  const bands = rows.filter((row) => drawn(row.low) && drawn(row.high));
  const names = chart.lines.map((name) => data.series[name]);
  const title = names.map((name, k) => (k ? name.toLowerCase() : name)).join(" and ");
  // Once for each epoch, whatever is drawn.
  const stopped = rows.filter((row) => row.stopped && row.name === names[0]);
  const notes = [
    part(run),
    ...(bands.length ? ["band: lowest and highest of the epochs between two points"] : []),
    ...(stopped.length ? [`▼ a search for fixed points ended at its limit of ${told(run.limit)} steps`] : []),
  ];
  at("along_title").textContent = title;
  at("along_legend").textContent = `${notes.join("; ")}.`;
  plot("along", {
    ariaLabel: title,
    x: { type: "log", label: "Epoch", grid: true, tickFormat: "~s" },
    y: { type: chart.log ? "log" : "linear", label: chart.label, grid: true, tickFormat: chart.log ? "~g" : undefined },
    color: { domain: names, range: color, legend: chart.lines.length > 1 },
    marks: [
      ...names.map((name) =>
        Plot.areaY(bands.filter((row) => row.name === name), {
          x: "epoch", y1: "low", y2: "high", fill: "name", fillOpacity: 0.3, curve: "step-before", ariaDescription: `range of ${name}`,
        }),
      ),
      ...(rule
        ? [
          Plot.ruleY([rule[0]], { strokeDasharray: "2 3" }),
          Plot.text([rule], { y: "0", text: "1", frameAnchor: "left", lineAnchor: "bottom", dx: 4, dy: -3, stroke: "var(--back)", fill: "var(--text)" }),
        ]
        : []),
      snapshot.epoch > 0 ? Plot.ruleX([snapshot.epoch], { stroke: "var(--faint)" }) : null,
      ...names.map((name, k) =>
        Plot.lineY(rows.filter((row) => row.name === name), { x: "epoch", y: "value", stroke: "name", strokeDasharray: k ? "5 3" : undefined }),
      ),
      Plot.dot(stopped, { x: "epoch", frameAnchor: "top", dy: -6, r: 4, symbol: "triangle", rotate: 180, fill: "var(--text)", ariaLabel: (row) => `search at its limit by epoch ${row.epoch}` }),
      Plot.tip(rows, Plot.pointerX({ x: "epoch", y: "value", title: tipOf, lineWidth: 40, fill: "var(--back)" })),
    ],
  });
}

// The values that the chart of the function shows, the same after all epochs: the targets take two thirds of it or more, if not all are asked for.
function functionRange(run) {
  const targets = data.points.map(([, y]) => y);
  const values = [...targets, ...run.snapshots.flatMap((one) => one.corners.map(([, y]) => y))];
  const all = [Math.min(...values), Math.max(...values)];
  const [least, most] = [Math.min(...targets), Math.max(...targets)];
  const near = [Math.max(all[0], least - (most - least) / 4), Math.min(all[1], most + (most - least) / 4)];
  const isWhole = near[0] === all[0] && near[1] === all[1];
  const [low, high] = state.whole ? all : near;
  return { low, high, isWhole };
}

function drawFunction(run, snapshot) {
  const points = data.points.map(([x, y]) => {
    const value = valueAt(snapshot.corners, x);
    return { x, y, error: value === null ? null : value - y };
  });
  const tip = ({ x, y, error }) => `Position: ${shown(x, 3)} m\nTarget: ${shown(y, 3)}\nPrediction minus target: ${shown(error, 3)}`;
  const { low, high, isWhole } = functionRange(run);
  const margin = 0.04 * (high - low);
  const title = `The network after epoch ${told(snapshot.epoch)}`;
  const is = snapshot.corners.length > 0;
  const kinks = snapshot.corners.slice(1, -1).filter(([, y]) => low <= y && y <= high);
  at("whole").closest("label").hidden = isWhole;
  at("function_title").textContent = title;
  at("function_legend").textContent = is
    ? `Line: prediction. ◆ kink. Dots: targets, in full colour where it is off by ${data.threshold} or more.`
    : "Dots: targets. There is no line, as the network predicts nothing definite here.";
  plot("function", {
    ariaLabel: title,
    x: { label: "Position along the diagonal of the room (m)", grid: true },
    y: { label: "Target and prediction", grid: true, domain: [low - margin, high + margin] },
    color: { type: "diverging", range: ERRORS[isDark.matches ? "dark" : "light"], interpolate: "rgb", domain: [-data.threshold, data.threshold], clamp: true, label: "Prediction minus target", legend: true },
    marks: [
      Plot.dot(points, { x: "x", y: "y", stroke: "var(--faint)", strokeWidth: 0.4, r: 3 }),
      is ? Plot.dot(points, { x: "x", y: "y", fill: "error", r: 2.8, title: tip, tip: { fill: "var(--back)" } }) : null,
      Plot.line(snapshot.corners, { stroke: "var(--text)", strokeWidth: 2, clip: true }),
      Plot.dot(kinks, { symbol: "diamond", r: 6, fill: "var(--text)", ariaLabel: ([x]) => `kink at ${shown(x)} m` }),
    ],
  });
}
