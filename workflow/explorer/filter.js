// What people call the columns of the table, besides their headings.
const CALLED = {
  level: [...new Set(Object.values(data.headings)), "setting"],
  batch_size: ["batch"],
  lowest: ["loss", "lowest training loss"],
  best: ["epoch"],
  stopped: ["at limit"],
  end: ["exact loss"],
  form: ["function"],
  least: ["least loss"],
  kinks: ["kinks"],
};
const OPERATORS = {
  "<": (a, b) => a < b,
  "<=": (a, b) => a <= b,
  ">": (a, b) => a > b,
  ">=": (a, b) => a >= b,
};
const isNumber = (word) => /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/.test(word ?? "");
const plain = (text) => text.toLowerCase().replace(/\b([1-9]\d{0,2}),(?=\d{3}\b)/g, "$1").replace(/[,;:]/g, " ").replace(/\s+/g, " ").trim();

// Names of columns as lists of words, the longest first; the number of kinks has no column.
const NAMES = [...COLUMNS.map(([key, label]) => [key, label]), ...Object.entries(CALLED).flatMap(([key, names]) => names.map((name) => [key, name]))]
  .map(([key, name]) => ({ key, words: plain(name).split(" ") }))
  .sort((a, b) => b.words.length - a.words.length);
const NUMERIC = new Set([...COLUMNS.filter(([, , kind]) => kind === "number").map(([key]) => key), "kinks"]);

// The words of a run's row, with a space before and after each.
const texts = new Map();
function textOf(run) {
  if (!texts.has(run)) texts.set(run, ` ${plain([run.level, ...COLUMNS.map(([key]) => cellOf(run, key))].join(" "))} `);
  return texts.get(run);
}
// Numbers and what follows a word are whole: batch size 3 is not 32.
const has = (text, word) => text.includes(isNumber(word) ? ` ${word} ` : word);

// The column that is named at a place of a list of words.
const namedAt = (words, place) => NAMES.find((name) => name.words.every((word, k) => word === words[place + k]));

function ofColumn({ key }, operator, value) {
  if (!NUMERIC.has(key)) return (run) => has(` ${plain(String(valueOf(run, key)))} `, value);
  const number = Number(value);
  const compare = OPERATORS[operator] ?? ((a, b) => shown(a) === shown(b));
  return (run) => run[key] !== null && compare(run[key], number);
}

// What the filter asks of a run: columns with their values, numbers of kinks, and words.
function conditionsOf(text) {
  const words = plain(text).replace(/[<>]=?|=/g, " $& ").split(" ").filter(Boolean);
  const found = [];
  for (let k = 0; k < words.length;) {
    const name = namedAt(words, k);
    let next = k + (name?.words.length ?? 0);
    const operator = /^[<>=]/.test(words[next] ?? "") ? words[next++] : null;
    const said = (end) => words.slice(k, end).join(" ");
    const isPair = name && next < words.length && (NUMERIC.has(name.key) ? isNumber(words[next]) : operator || !namedAt(words, next));
    if (isPair) {
      const inColumn = ofColumn(name, operator, words[next]);
      const both = [...words.slice(k, next), words[next]];
      const loose = !NUMERIC.has(name.key) && !operator;
      found.push({ said: said(next + 1), name, holds: (run) => inColumn(run) || (loose && both.every((word) => has(textOf(run), word))) });
      k = next + 1;
    } else if (isNumber(words[k]) && /^kinks?$/.test(words[k + 1] ?? "") && !data.runs.some((run) => String(run.batch_size) === words[k])) {
      const number = Number(words[k]);
      found.push({ said: said(k + 2), name: { key: "kinks" }, holds: (run) => run.kinks === number });
      k += 2;
    } else if (isNumber(words[k + 1]) && data.runs.some((run) => textOf(run).includes(` ${words[k]} ${words[k + 1]} `))) {
      const phrase = ` ${words[k]} ${words[k + 1]} `;
      found.push({ said: said(k + 2), holds: (run) => textOf(run).includes(phrase) });
      k += 2;
    } else {
      const word = words[k];
      const isThere = data.runs.some((run) => has(textOf(run), word));
      const open = /^([<>=].?|and)$/.test(word) ? 1 : isThere ? 0 : name ? name.words.length : isBegun(words.slice(k)) ? words.length - k : 0;
      if (!open) found.push({ said: word, holds: (run) => has(textOf(run), word) });
      k += open || 1;
    }
  }
  return found;
}

// Whether the last words begin the name of a column of numbers, whose value is not typed yet.
const isBegun = (words) => NAMES.some(({ key, words: name }) =>
  NUMERIC.has(key) && key !== "kinks" && words.length <= name.length && name.join(" ").startsWith(words.join(" ")));

// Sorted values as they are told: three or more that follow each other as whole numbers do are a range.
function rangesAmong(values) {
  const groups = [];
  for (const value of values) {
    const last = groups.at(-1);
    if (last && Number.isInteger(value) && value === last.at(-1) + 1) last.push(value);
    else groups.push([value]);
  }
  return groups.flatMap((group) => (group.length > 2 ? [`${shown(group[0])} to ${shown(group.at(-1))}`] : group.map((value) => shown(value))));
}

// Why no run is left.
function hintOf(text) {
  const conditions = conditionsOf(text);
  const none = conditions.find(({ holds }) => !data.runs.some(holds));
  if (!none) return `Each of these has runs, but no run has all: ${conditions.map(({ said }) => said).join("; ")}.`;
  const key = none.name?.key;
  if (!NUMERIC.has(key)) return `No run has “${none.said}”.`;
  const values = [...new Set(data.runs.map((run) => run[key]))].filter((value) => value !== null).sort((a, b) => a - b);
  if (!values.length) return `No run has a value for “${none.said}”.`;
  const label = COLUMNS.find(([one]) => one === key)?.[1] ?? key;
  const ranges = rangesAmong(values);
  const there = ranges.length <= 8 ? ranges.join(", ") : `from ${shown(values[0])} to ${shown(values.at(-1))}`;
  return `No run has “${none.said}”. Values of ${label}: ${there}.`;
}
