// Bouts in rows: one for each behaviour, animal and watcher, ready to be searched by frame.

const watcherOf = (bout) => bout.annotator || (bout.source === "analysis" ? "" : bout.source || "");
const nameOf = (bout) => bout.bout_id ?? `new-${bout.seq}`;

class Row {
  constructor(label, colour, dot) { Object.assign(this, { label, colour, dot, bouts: [] }); }

  // Sorted by start; `reach[i]` is the latest stop of the first i + 1, as bouts may overlap.
  finish() {
    this.bouts.sort((a, b) => a.start_frame - b.start_frame || a.stop_frame - b.stop_frame);
    let far = -1;
    this.reach = this.bouts.map((bout) => (far = Math.max(far, bout.stop_frame)));
    return this;
  }

  // The number of the first bout that may reach into what starts at `frame`.
  from(frame) {
    let low = 0, high = this.bouts.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.reach[middle] >= frame) high = middle; else low = middle + 1;
    }
    return low;
  }

  // The bout over [first, stop]; of several the shortest, so a short one on a long one is reached.
  find(first, stop) {
    let found = null;
    for (let i = this.from(first); i < this.bouts.length; i++) {
      const bout = this.bouts[i];
      if (bout.start_frame > stop) break;
      if (bout.stop_frame < first) continue;
      const length = bout.stop_frame - bout.start_frame;
      if (!found || length < found.stop_frame - found.start_frame) found = bout;
    }
    return found;
  }
}

// Rows in the order of their names; a person's rows say whose they are where there are several.
function rowsOf(bouts, facts) {
  const rows = new Map();
  const several = new Set(bouts.map(watcherOf)).size > 1;
  const colours = new Map((facts.ethogram ?? []).map((one) => [one.behaviour, one.colour]));
  const order = new Map(facts.animals.map((animal, k) => [animal.name, k]));
  for (const bout of bouts) {
    const who = [bout.subject, bout.target].filter(Boolean).join(" → ");
    const watcher = several ? watcherOf(bout) || "analysis" : "";
    const label = [bout.behaviour, who, watcher].filter(Boolean).join(" · ");
    if (!rows.has(label)) {
      const animal = order.has(bout.subject) ? colourOf(order.get(bout.subject)) : null;
      const colour = colours.get(bout.behaviour) || animal || colourOf(rows.size);
      const what = [bout.behaviour, who].filter(Boolean).join(" · ");
      rows.set(label, Object.assign(new Row(label, colour, animal), { what, by: watcher }));
    }
    rows.get(label).bouts.push(bout);
  }
  const byName = (a, b) => a.label.localeCompare(b.label, "en", { numeric: true });
  return [...rows.values()].sort(byName).map((row) => row.finish());
}
