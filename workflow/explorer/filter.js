// What people call the columns of numbers, besides their headings; the number of kinks has none.
const SHORT = { batch: "batch_size", loss: "lowest", epoch: "best", "exact loss": "end", "least loss": "least", kinks: "kinks" };
const COMPARE = {
  "<": (a, b) => a < b,
  "<=": (a, b) => a <= b,
  ">": (a, b) => a > b,
  ">=": (a, b) => a >= b,
  "=": (a, b) => shown(a) === shown(b),
};
const NUMBER = String.raw`[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?`;
const isNumber = (word) => new RegExp(`^${NUMBER}$`).test(word ?? "");
// Small letters, and 2,400 and 0,001 as numbers.
const plain = (text) => text.toLowerCase().replace(/\b([1-9]\d{0,2}),(?=\d{3}\b)/g, "$1").replace(/(\d),(\d)/g, "$1.$2")
  .replaceAll("≤", "<=").replaceAll("≥", ">=").replace(/[,;:()“”"]/g, " ").replace(/\s+/g, " ").trim();

const NUMERIC = COLUMNS.filter(([, , kind]) => kind === "number");
const KEY_OF = { ...Object.fromEntries(NUMERIC.map(([key, label]) => [label, key])), ...SHORT };
// The longest first, as loss is in exact loss.
const NAMES = Object.keys(KEY_OF).sort((a, b) => b.length - a.length);
const COMPARISON = new RegExp(String.raw`(?:\b(${NAMES.join("|")}) ?)?([<>]=?|=) ?([^ <>=]*)`, "g");
const EXAMPLE = `lowest loss < ${data.reached}`;

// What the rows of runs show, with the words that stand before numbers; | is between cells.
const TEXTS = new Map(data.runs.map((run) => {
  const cells = [
    `study ${run.study}`, `${data.headings[run.study]} ${valueOf(run, "level")}`, `batch size ${run.batch_size} | batch ${run.batch_size}`, isFull(run) ? "full batch" : "",
    `seed ${run.seed}`, run.form, run.form.includes("kink") ? `${run.kinks} kinks` : "", ...NUMERIC.map(([key]) => shown(run[key])),
  ];
  return [run, ` ${cells.map(plain).join(" | ")} `];
}));
const ALL = [...new Set([...TEXTS.values()].join("|").split("|"))].join("|");
// With # in the place of numbers: seed #.
const shapeOf = (text) => text.split(" ").map((word) => (isNumber(word) ? "#" : word)).join(" ");
const SHAPES = shapeOf(ALL);
// Words may go on, and numbers may not: batch 3 is not batch 32.
const within = (text, words) => text.includes(` ${words}${/[\d#]$/.test(words) ? " " : ""}`);

function comparison(name, operator, value) {
  const key = KEY_OF[name];
  const values = () => data.runs.map((run) => run[key]);
  return { said: `${name} ${operator} ${value}`, shape: `${name} #`, values, holds: (run) => run[key] !== null && COMPARE[operator](run[key], Number(value)) };
}

function wording(words) {
  const shape = shapeOf(words);
  const numbers = new RegExp(` ${shape.replace(/[^\w# ]/g, "\\$&").replace("#", `(${NUMBER})`)}(?! *\\w)`, "g");
  const values = () => [...ALL.matchAll(numbers)].map(([, value]) => Number(value));
  return { said: words, shape: words.includes(" ") ? shape : null, values, holds: (run) => within(TEXTS.get(run), words) };
}

// What the filter asks of a run, and remarks on what it does not understand, which hides no run.
function read(text) {
  const [conditions, remarks] = [[], []];
  const rest = plain(text).replace(COMPARISON, (said, name, operator, value) => {
    if (!name) remarks.push(`Before “${said}” there must be a column of numbers, as in “${EXAMPLE}”: ${NUMERIC.map(([, label]) => label).join(", ")}.`);
    else if (!isNumber(value)) remarks.push(`After “${name} ${operator}” there must be a number, as in “${EXAMPLE}”.`);
    else conditions.push(comparison(name, operator, value));
    return " ";
  });
  const words = rest.split(" ").filter((word) => word && word !== "and");
  for (let k = 0; k < words.length; k++) {
    const pair = words.slice(k, k + 2).join(" ");
    const isPair = isNumber(words[k]) !== isNumber(words[k + 1]) && within(SHAPES, shapeOf(pair));
    const isName = !within(ALL, words[k]) && NAMES.some((name) => within(` ${name}`, words[k]));
    if (isName) remarks.push(`“${words[k]}” is in the name of a column of numbers: compare it, as in “${EXAMPLE}”.`);
    else conditions.push(wording(isPair ? pair : words[k]));
    if (isPair) k += 1;
  }
  return { conditions, remarks };
}

// What is not understood, or why no run is left.
function hintOf({ conditions, remarks }, count) {
  if (remarks.length || count) return remarks[0] ?? "";
  const none = conditions.find(({ holds }) => !data.runs.some(holds));
  if (!none) return `Each of these has runs, but no run has all: ${conditions.map(({ said }) => said).join("; ")}.`;
  const values = none.shape ? [...new Set(none.values())].filter((value) => value !== null).sort((a, b) => a - b) : [];
  if (!values.length) return `No run has “${none.said}”.`;
  const there = values.length < 25 ? values.map((value) => shown(value)).join(", ") : `from ${shown(values[0])} to ${shown(values.at(-1))}`;
  return `No run has “${none.said}”. Runs have: ${none.shape.replace("#", there)}.`;
}

// Filters that find runs of the chosen study.
function examples() {
  const runs = data.runs.filter((run) => run.study === state.study);
  const last = runs.at(-1);
  const level = new Set(runs.map((run) => run.level)).size > 1 ? [worded("level", last.level)] : [];
  const smallest = Math.min(...runs.map((run) => run.batch_size));
  return [`${state.study} batch ${smallest} lowest loss <= ${data.reached}`, "full batch", `seed ${last.seed}`, ...level, runs[0].form.split(",")[0]]
    .filter((text) => runs.some((run) => read(text).conditions.every(({ holds }) => holds(run))));
}
