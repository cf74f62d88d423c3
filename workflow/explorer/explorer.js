const state = { what: "loss", epoch: Infinity, sort: ORDER, down: false, filter: "", whole: false };
const FLAGS = ["down", "whole"];
// What an option is called; that of a level depends on the study.
function worded(key, value) {
  if (key === "batch_size" && isFull({ batch_size: Number(value) })) return `${value} (full batch)`;
  return (key === "level" ? data.words.level[state.study][value] : data.words[key]?.[value]) ?? value;
}

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

// Another run is shown at its last epoch.
function choose(run) {
  for (const key of KEYS) state[key] = String(run[key]);
  state.epoch = Infinity;
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
  at("epoch").textContent = told(snapshot.epoch);
  at("snapshot").setAttribute("aria-valuetext", `epoch ${snapshot.epoch}`);
  at("run").textContent = `The run: ${nameOf(run)}`;
  lines("said", [lowestOf(run), endOf(run), stoppedOf(run)]);
  at("now").textContent = nowOf(run, snapshot);
  at("part").textContent = part(run);
  drawAlong(run, snapshot);
  drawFunction(run, snapshot);
  drawCourse(run, snapshot);
}

function goTo(epoch) {
  state.epoch = epoch;
  drawRun();
  keep();
}

// What is seen is in the link.
function keep() {
  const kept = new URLSearchParams();
  for (const key of [...KEYS, "what", "sort", "filter"]) if (state[key] !== "") kept.set(key, state[key]);
  if (Number.isFinite(state.epoch)) kept.set("epoch", state.epoch);
  for (const key of FLAGS) if (state[key]) kept.set(key, "1");
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
  for (const key of FLAGS) state[key] = kept.get(key) === "1";
}

function draw() {
  complete();
  at("level_label").textContent = capital(data.headings[state.study]);
  at("what").value = state.what;
  at("whole").checked = state.whole;
  at("filter").value = state.filter;
  drawExamples();
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
at("snapshot").oninput = () => goTo(chosen().snapshots[Number(at("snapshot").value)].epoch);
at("whole").onchange = () => {
  state.whole = at("whole").checked;
  drawRun();
  keep();
};
function filter(text) {
  state.filter = text;
  drawFromTop();
  keep();
}
at("filter").oninput = () => filter(at("filter").value);
function fill(text) {
  at("filter").value = text;
  filter(text);
  at("filter").focus({ preventScroll: true });
}
at("clear").onclick = () => fill("");
function drawExamples() {
  at("examples").replaceChildren("Try:", ...examples().map((text) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = text;
    button.onclick = () => fill(text);
    return button;
  }));
}
// The part of the address after # is what is kept.
at("to_table").onclick = (event) => {
  event.preventDefault();
  at("all_title").scrollIntoView();
};
at("sort").onchange = () => sortBy(at("sort").value, false);
at("direction").onclick = () => sortBy(state.sort, !state.down);
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
    ...listed().map((run) => COLUMNS.map(([key]) => valueOf(run, key))),
  ]);
at("origin").textContent = `Made from configuration ${data.origin.settings_sha256.slice(0, 12)}, commit ${(data.origin.commit ?? "none").slice(0, 12)}.`;
let resized;
addEventListener("resize", () => {
  clearTimeout(resized);
  resized = setTimeout(drawRun, 100);
});
isDark.onchange = drawRun;
addEventListener("hashchange", () => {
  take();
  draw();
});
take();
draw();
