const COLUMNS = [
  ["study", "study"],
  ["level", "gradient"],
  ["batch_size", "batch size", "number"],
  ["seed", "seed", "number"],
  ["lowest", "lowest loss", "number"],
  ["best", "at epoch", "number"],
  ["end", "exact loss at end", "number"],
  ["form", "function at end"],
  ["least", "its least loss", "number"],
];
// The order of the runs in the page, which begins with the published ones.
const ORDER = "order";
data.runs.forEach((run, k) => { run[ORDER] = k; });
const state = { what: "loss", epoch: Infinity, sort: ORDER, down: false, filter: "" };
// What a cell has: gradients in words.
const cellOf = (run, key) => (key === "level" ? data.words.level[run.level] : run[key]);
const worded = (key, value) => data.words[key]?.[value] ?? value;

// The runs that have the same values of the keys before this one.
function among(key) {
  const before = KEYS.slice(0, KEYS.indexOf(key));
  return data.runs.filter((run) => before.every((k) => String(run[k]) === String(state[k])));
}

function complete() {
  for (const key of KEYS) {
    const values = [...new Set(among(key).map((run) => String(run[key])))];
    if (!values.includes(String(state[key]))) state[key] = values[0];
    at(key).replaceChildren(...values.map((value) => new Option(worded(key, value), value, false, value === String(state[key]))));
  }
}

const chosen = () => data.runs.find((run) => KEYS.every((k) => String(run[k]) === String(state[k])));

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
  const text = (run) => ` ${[run.level, ...COLUMNS.map(([key]) => shown(cellOf(run, key)))].join(" ").toLowerCase()} `;
  const runs = data.runs.filter((run) => words.every((word) => text(run).includes(/^\d+$/.test(word) ? ` ${word} ` : word)));
  const key = state.sort;
  const order = (a, b) => (a === b ? 0 : a === null ? 1 : b === null ? -1 : a < b ? -1 : 1);
  runs.sort((a, b) => order(cellOf(a, key), cellOf(b, key)) * (state.down && a[key] !== null && b[key] !== null ? -1 : 1));
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
        drawFromTop();
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
        cell.textContent = shown(cellOf(one, key));
        cell.className = kind ?? "";
      }
      // What a keyboard reaches: a button with the name of the run.
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = shown(one[KEYS[0]]);
      button.ariaLabel = `Show ${KEYS.map((key) => `${key === "level" ? "gradient" : key.replace("_", " ")} ${cellOf(one, key)}`).join(", ")}`;
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
  const row = at("rows").querySelector("tr[aria-current]");
  if (row) inSight(row);
}

// Of other rows or another order, the first are seen.
function drawFromTop() {
  drawTable();
  at("head").closest(".scroll").scrollTop = 0;
}

// Scrolls the table, and not the page, to a row that is out of sight.
function inSight(row) {
  const box = row.closest(".scroll");
  const [above, below] = [row.offsetTop - at("head").offsetHeight, row.offsetTop + row.offsetHeight - box.clientHeight];
  if (box.scrollTop > above) box.scrollTop = above;
  else if (box.scrollTop < below) box.scrollTop = below;
}

// Another run is shown at its last epoch.
function choose(run) {
  for (const key of KEYS) state[key] = String(run[key]);
  state.epoch = Infinity;
  draw();
}

function saidOf(run, snapshot) {
  const least = run.least === null ? "" : `: no function of this form has a loss below ${shown(run.least)}`;
  const end = run.end === null
    ? `The network at the end: ${run.form}, so there is no exact loss.`
    : `The network at the end: ${run.form}, with a loss of ${shown(run.end)} at exact fixed points${least}.`;
  const now = snapshot === run.snapshots.at(-1) || snapshot.loss === null
    ? "" : ` The network after epoch ${told(snapshot.epoch)}: ${data.forms[snapshot.form]}, with a loss of ${shown(snapshot.loss)}.`;
  return `Lowest training loss (mean over an epoch): ${shown(run.lowest)}, at epoch ${told(run.best)}. ${end}${now}`;
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
  at("epoch").textContent = told(snapshot.epoch);
  at("snapshot").setAttribute("aria-valuetext", `epoch ${snapshot.epoch}`);
  at("said").textContent = saidOf(run, snapshot);
  at("part").textContent = part(run);
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
  Object.assign(state, { what: "loss", sort: ORDER, filter: "" });
  for (const key of [...KEYS, "what", "sort", "filter"]) if (kept.has(key)) state[key] = kept.get(key);
  if (!Object.hasOwn(CHARTS, state.what)) state.what = "loss";
  if (!COLUMNS.some(([key]) => key === state.sort)) state.sort = ORDER;
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
    if (key !== "what") state.epoch = Infinity;
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
  drawFromTop();
  keep();
};
at("choice").onsubmit = (event) => event.preventDefault();
at("download_run").onclick = () => {
  const run = chosen();
  const columns = Object.entries(run.series).flatMap(([name, values]) => {
    const [low, high] = rangesOf(run, name) ?? [];
    return [[name, values], ...(low ? [[`${name}_lowest_since`, low], [`${name}_highest_since`, high]] : [])];
  });
  const rows = run.epochs.map((epoch, k) => [epoch, ...columns.map(([, values]) => values[k])]);
  save(`${KEYS.map((key) => run[key]).join("_").replaceAll("/", "-")}.csv`, [["epoch", ...columns.map(([name]) => name)], ...rows]);
};
at("download_table").onclick = () =>
  save("runs.csv", [
    COLUMNS.map(([, label]) => label.replaceAll(" ", "_")),
    ...listed().map((run) => COLUMNS.map(([key]) => cellOf(run, key))),
  ]);
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
