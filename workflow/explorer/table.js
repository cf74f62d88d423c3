const COLUMNS = [
  ["study", "study"],
  ["level", data.heading],
  ["batch_size", "batch size", "number"],
  ["seed", "seed", "number"],
  ["lowest", "lowest loss", "number"],
  ["best", "at epoch", "number"],
  ["stopped", "epochs at limit", "number"],
  ["end", "exact loss at end", "number"],
  ["form", "function at end"],
  ["least", "least loss of its form", "number"],
];
// The order of the runs in the page, which begins with the published ones.
const ORDER = "order";
data.runs.forEach((run, k) => { run[ORDER] = k; });
const valueOf = (run, key) => (key === "level" ? data.words.setting[run.study][run.level] : run[key]);

// What a cell has; of a function whose least loss was not computed this.
function cellOf(run, key) {
  if (key === "least" && run.least === null && run.kinks !== null) return "not computed";
  return (key === "batch_size" && isFull(run) ? "full " : "") + shown(valueOf(run, key));
}

// The runs that the filter lets through, in their order.
function listed() {
  const { conditions } = read(state.filter);
  const runs = data.runs.filter((run) => conditions.every(({ holds }) => holds(run)));
  const key = state.sort;
  const order = (a, b) => (a === b ? 0 : a === null ? 1 : b === null ? -1 : a < b ? -1 : 1);
  runs.sort((a, b) => order(valueOf(a, key), valueOf(b, key)) * (state.down && a[key] !== null && b[key] !== null ? -1 : 1));
  return runs;
}

function sortBy(key, down) {
  Object.assign(state, { sort: key, down });
  drawFromTop();
  keep();
}

function drawTable() {
  at("head").replaceChildren(
    ...COLUMNS.map(([key, label, kind]) => {
      const cell = document.createElement("th");
      cell.scope = "col";
      cell.role = "columnheader";
      cell.className = kind ?? "";
      const sorted = state.sort === key;
      cell.ariaSort = sorted ? (state.down ? "descending" : "ascending") : "none";
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = label + (sorted ? (state.down ? " ▼" : " ▲") : "");
      button.onclick = () => {
        sortBy(key, sorted && !state.down);
        at("head").querySelectorAll("button")[COLUMNS.findIndex(([k]) => k === key)].focus();
      };
      cell.append(button);
      return cell;
    }),
  );
  at("sort").replaceChildren(...[[ORDER, "the order of studies"], ...COLUMNS].map(([key, label]) => new Option(label, key, false, key === state.sort)));
  at("direction").textContent = state.down ? "descending ▼" : "ascending ▲";
  const runs = listed();
  at("hint").textContent = hintOf(read(state.filter), runs.length);
  at("clear").hidden = state.filter === "";
  const run = chosen();
  at("rows").replaceChildren(
    ...runs.map((one) => {
      // A narrow page stacks the cells, which have no roles and no headings then but these.
      const row = document.createElement("tr");
      row.role = "row";
      for (const [key, label, kind] of COLUMNS) {
        const cell = row.insertCell();
        cell.textContent = cellOf(one, key);
        // A card of a phone shows what the runs are sorted by, whatever else it leaves out.
        cell.className = `${kind ?? ""}${key === state.sort ? " sorted" : ""}`;
        cell.role = "cell";
        Object.assign(cell.dataset, { key, label });
      }
      // What a keyboard reaches: a button with the name of the run.
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = shown(one[KEYS[0]]);
      button.ariaLabel = `Show ${KEYS.map((key) => `${key === "level" ? data.headings[one.study] : key.replace("_", " ")} ${key === "level" ? data.words.level[one.study][one.level] : one[key]}`).join(", ")}`;
      row.cells[0].replaceChildren(button);
      row.onclick = () => {
        choose(one);
        show();
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

// A phone goes to the run; a wider page brings the charts in sight, and the keyboard stays in the table.
function show() {
  const isNarrow = matchMedia("(max-width: 800px)").matches;
  const place = isNarrow ? at("run") : at("rows").querySelector("tr[aria-current] button");
  if (isNarrow) place.scrollIntoView();
  else document.querySelector(".charts").scrollIntoView({ block: "nearest" });
  place?.focus({ preventScroll: true });
}
