// What is said of the chosen run, and of its network after an epoch.
const lines = (id, texts) => at(id).replaceChildren(...texts.filter(Boolean).map((text) => {
  const line = document.createElement("li");
  line.textContent = text;
  return line;
}));

function nameOf(run) {
  const level = worded("level", run.level);
  return `${run.study}, ${level}, batch size ${worded("batch_size", run.batch_size)}, seed ${run.seed}`;
}

function lowestOf(run) {
  if (run.lowest === null) return "No training loss is finite.";
  const isLower = run.least !== null && run.lowest < run.least;
  const lower = isLower ? " The training loss is a mean over an epoch, at inexact fixed points, so that it can be a little below the least loss." : "";
  const reached = run.lowest <= data.reached ? "It reached" : "It did not reach";
  return `${reached} a loss of ${data.reached}: its lowest training loss is ${shown(run.lowest)}, at epoch ${told(run.best)}.${lower}`;
}

function endOf(run) {
  if (run.end === null) return `The network at the end: ${run.form}, so there is no exact loss.`;
  const least = run.least !== null
    ? `; no function of this form has a loss below ${shown(run.least)}`
    : run.kinks === null ? "" : `; for ${run.form} no least loss was computed`;
  return `The network at the end: ${run.form}, with an exact loss of ${shown(run.end)}${least}.`;
}

// Where searches for fixed points ended without one.
function stoppedOf(run) {
  if (!run.stopped) return "";
  const best = run.stopped_at_best ? "; the lowest training loss is of such an epoch" : "";
  return `In ${told(run.stopped)} of ${told(run.trained)} epochs a search for fixed points ended at its limit of ${told(run.limit)} steps, before it arrived: the losses of these epochs are not those at fixed points${best}.`;
}

// It stands below the chart, which stays where it is while one drags the slider.
function nowOf(run, snapshot) {
  const loss = snapshot.loss === null ? "no exact loss" : `exact loss ${shown(snapshot.loss)}`;
  const { low, high } = functionRange(run);
  const values = snapshot.corners.map(([, y]) => y);
  const leaves = Math.min(...values) < low || Math.max(...values) > high;
  const beyond = leaves ? ` Its line goes on beyond the chart: it has values from ${shown(Math.min(...values), 3)} to ${shown(Math.max(...values), 3)}.` : "";
  return `After epoch ${told(snapshot.epoch)}: ${data.forms[snapshot.form]}; ${loss}.${beyond}`;
}

// The forms that the function had, one after the other, as buttons that go to their first epochs.
function drawCourse(run, snapshot) {
  const starts = run.snapshots.filter((one, k) => one.form !== run.snapshots[k - 1]?.form);
  const now = starts.findLast((one) => one.epoch <= snapshot.epoch);
  at("course").replaceChildren(...starts.map((one) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = `${one.epoch ? "from epoch" : "epoch"} ${told(one.epoch)}: ${data.forms[one.form]}`;
    if (one === now) button.ariaCurrent = "true";
    button.onclick = () => {
      goTo(one.epoch);
      at("course").querySelector("[aria-current]").focus();
    };
    const item = document.createElement("li");
    item.append(button);
    return item;
  }));
  at("kept").textContent = `The forms of its function, one after the other, at the ${run.snapshots.length} epochs of the slider; choose one to go there:`;
}
