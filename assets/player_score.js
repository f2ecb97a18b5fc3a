// Scoring by keyboard. A bout is shown at once and saved through the queue; a state that was started
// and not yet stopped is kept in this browser, so that a reload or another tab finds it going on.

const PLAYING = new Set([..." ,.<>[]?+-0123456789"]); // keys that the player itself uses
const OPENS = "ethoscribe.open";

TOOLS.score = class ScoreTool {
  attach(player) {
    Object.assign(this, { player, opens: [], local: [], made: {}, done: [], undone: [], name: "" });
    this.chooser = new Chooser(player);
    this.view = new ScorePanel(this);
    this.panel = this.view.box;
    this.other = (event) => { if (event.key === this.place) this.recall(); };
    window.addEventListener("storage", this.other);
  }

  // The timeline knows every edit at once, so Python may wait until the scoring pauses: ten people's
  // pages on a small server would else be made anew with every key.
  get quietMs() { return 1500; }

  // The ethogram in few words: name, kind, key, colour, subject, target, modifiers, exclusive.
  update(sent) {
    const ethogram = (sent.ethogram ?? []).map((one) => ({ ...one, name: one.behaviour,
      subject: one.has_subject, target: one.has_target, exclusive: one.exclusive_group }));
    const facts = { ...sent, ethogram };
    if (facts.id !== this.facts?.id) {
      Object.assign(this, { local: [], made: {}, done: [], undone: [] });
      this.place = `${OPENS}.${facts.study}.${facts.id}`;
      this.facts = facts;
      this.name = this.player.queue.name;
      if (!sent.annotator && this.name !== sent.user) this.tellName();
      this.recall();
      this.choose(remember(`subject.${facts.hash}`));
    }
    this.facts = facts;
    if (!this.subjects.includes(this.subject)) this.choose(this.subjects[0]);
    this.view.update(facts);
    this.refresh();
  }

  get subjects() { return this.facts.subjects ?? this.facts.animals.map((animal) => animal.name); }

  get keys() {
    const own = this.facts.ethogram.filter((one) => one.key).map((one) => [one.key, one.name]);
    return ["Scoring", [...own, ["1 … 9", "choose the animal"], ["Ctrl + Z", "undo"],
      ["Ctrl + Y", "redo"], ["Enter", "comment on the chosen bout"], ["Del", "delete it"],
      ["Drag an edge", "move a bout's start or stop"]]];
  }

  // -- who scores whom

  call(name) {
    this.name = this.player.queue.name = name || this.facts.user || "";
    remember("annotator", this.name);
    this.tellName();
    this.view.field.value = this.name;
    this.player.select(null);
    this.refresh();
    this.player.showBouts();
  }

  // The panels under the player are Python's, and must know whose bouts may be changed.
  tellName() { this.player.component.setStateValue("scorer", this.name); }

  picks() { return true; }

  pick(name) {
    this.choose(name);
    this.refresh();
    return true;
  }

  choose(name) {
    this.subject = name;
    if (name !== undefined && name !== null) remember(`subject.${this.facts.hash}`, name);
    for (const row of this.player.root.querySelectorAll(".animal")) {
      row.classList.toggle("current", row.dataset.name === name);
      row.querySelector(".pick").setAttribute("aria-pressed", row.dataset.name === name);
    }
  }

  // -- keys

  key(event) {
    if (this.chooser.key(event)) return true;
    const { key } = event;
    if (event.ctrlKey || event.metaKey) return !event.altKey && this.control(key.toLowerCase(), event.shiftKey);
    if (event.altKey) return false;
    if (key === "Delete" || key === "Backspace") { this.remove(); return true; }
    if (key === "Enter") { this.comment(); return true; }
    if (/^[1-9]$/.test(key)) return this.subjects[key - 1] !== undefined && this.pick(this.subjects[key - 1]);
    const behaviour = this.behaviourOf(key);
    if (behaviour && !event.repeat) this.press(behaviour);
    return Boolean(behaviour);
  }

  control(key, shift) {
    if (key === "y" || (key === "z" && shift)) this.redo();
    else if (key === "z") this.undo();
    else return false;
    return true;
  }

  behaviourOf(key) {
    if (key.length > 1 || PLAYING.has(key)) return null;
    const { ethogram } = this.facts;
    return ethogram.find((one) => one.key === key)
      ?? ethogram.find((one) => one.key?.toLowerCase() === key.toLowerCase());
  }

  press(behaviour) {
    const { frame } = this.player, subject = behaviour.subject ? this.subject : "";
    if (frame === undefined) return;
    if (subject === undefined) { this.player.note("There is no animal to score: track this video or name its animals."); return; }
    const open = this.opens.find((one) => one.behaviour === behaviour.name && one.subject === subject
      && one.name === this.name);
    if (open) this.end(open, frame);
    else this.start(behaviour, subject, frame);
  }

  start(behaviour, subject, frame) {
    const bout = { behaviour: behaviour.name, subject, kind: behaviour.kind, start_frame: frame };
    if (behaviour.kind === "point") {
      const seq = this.save("bouts.add", { ...bout, stop_frame: frame });
      this.inquire(behaviour, subject, (fields) => this.save("bouts.change", { bout_id: this.made[seq] ?? { seq }, ...fields }));
      return;
    }
    this.endOthers(behaviour, subject, frame);
    const open = { ...bout, id: randomName(), name: this.name };
    this.keep((opens) => [...opens, open]);
    this.did({ started: open });
    this.inquire(behaviour, subject, (fields) => {
      this.keep((opens) => opens.map((one) => (one.id === open.id ? { ...one, ...fields } : one)));
    });
  }

  // In a group that excludes one another the start of one state is the end of the other.
  endOthers(behaviour, subject, frame) {
    const group = new Set(this.facts.ethogram.filter((one) => behaviour.exclusive
      && one.exclusive === behaviour.exclusive && one.name !== behaviour.name).map((one) => one.name));
    for (const open of this.mine().filter((o) => group.has(o.behaviour) && o.subject === subject)) {
      if (open.start_frame !== frame) { this.end(open, frame); continue; }
      this.forget(open);
      this.player.note(`${open.behaviour} would have no frame, so it was not kept.`);
    }
  }

  // Ask for the target and the modifiers, one after the other; `tell` hears what was answered.
  inquire(behaviour, subject, tell) {
    const places = this.facts.regions.filter((one) => one.role !== "arena").map((one) => one.name);
    const steps = (behaviour.modifiers ?? []).map(({ name, values }) => [name, values]);
    if (behaviour.target) {
      steps.unshift([null, [...this.subjects.filter((name) => name !== subject), ...places]]);
    }
    const told = {};
    const next = (k) => {
      if (k === steps.length) { if (Object.keys(told).length) tell(told); return; }
      const [name, values] = steps[k];
      if (!values.length) { next(k + 1); return; }
      this.chooser.ask(name === null ? `${behaviour.name}: whom?` : `${behaviour.name}: ${name}`, values, (value) => {
        if (value && name === null) told.target = value;
        else if (value) told.modifiers = { ...told.modifiers, [name]: value };
        next(value === undefined ? steps.length : k + 1);
      });
    };
    next(0);
  }

  // The frame on the screen is the first without the behaviour, but the last one belongs to it.
  // Whoever went backwards since the start has marked the start second.
  end(open, frame = this.player.frame) {
    const now = this.recalled().find((one) => one.id === open.id);
    if (!now) { this.recall(); return; } // another tab ended it
    const { start_frame: from } = now, last = this.facts.frames - 1;
    const [start, stop] = frame < from ? [frame, from] : [from, frame === last ? last + 1 : Math.max(frame, from + 1)];
    this.keep((opens) => opens.filter((one) => one.id !== open.id));
    const { id, name, start_frame: _, ...bout } = now;
    const seq = this.save("bouts.add", { ...bout, start_frame: start, stop_frame: stop }, { ended: now });
    return seq;
  }

  endAll() { for (const open of this.mine()) this.end(open, this.facts.frames - 1); }

  forget(open) {
    this.keep((opens) => opens.filter((one) => one.id !== open.id));
    this.did({ forgotten: open });
  }

  // -- states that are going on: one list for all tabs

  mine() { return this.opens.filter((one) => one.name === this.name); }

  recalled() {
    try { return JSON.parse(localStorage.getItem(this.place)) ?? []; } catch { return this.opens; }
  }

  recall() {
    this.opens = this.recalled();
    this.refresh();
    this.player.showBouts();
  }

  keep(change) {
    this.opens = change(this.recalled());
    try {
      if (this.opens.length) localStorage.setItem(this.place, JSON.stringify(this.opens));
      else localStorage.removeItem(this.place);
    } catch { /* no storage: kept in memory alone, which the queue says too */ }
    this.refresh();
    this.player.showBouts();
  }

  refresh() {
    if (!this.view.buttons) return;
    this.view.show(this.facts, this.mine());
  }

  // -- edits: drawn at once, saved behind it

  save(kind, data, act = {}) {
    const { seq } = this.player.queue.push(kind, data);
    this.local.push({ seq, kind, data, name: this.name });
    this.did({ ...act, seq });
    this.player.showBouts();
    return seq;
  }

  did(act) {
    this.done.push(act);
    this.undone = [];
  }

  editable(bout) {
    return !bout.open && bout.source === "person" && bout.annotator === this.name;
  }

  change(bout, fields) {
    this.save("bouts.change", { bout_id: bout.bout_id ?? { seq: bout.seq }, ...fields });
    this.selected(this.chosen && nameOf(bout) === nameOf(this.chosen) ? { ...bout, ...fields } : this.chosen);
  }

  selected(bout) {
    this.chosen = bout;
    this.view.choose(bout);
  }

  own() {
    if (!this.chosen) this.player.note("Choose a bout first: click on it, or go to it with [ and ].");
    else if (!this.editable(this.chosen)) {
      this.player.note(`This bout is by ${watcherOf(this.chosen) || "an analysis"}: you change your own only.`);
    } else return this.chosen;
    return null;
  }

  remove() {
    const bout = this.own();
    if (!bout) return;
    this.save("bouts.delete", { bout_ids: [bout.bout_id ?? { seq: bout.seq }] });
    this.player.select(null);
  }

  comment() {
    const bout = this.own();
    if (bout) this.chooser.write(`Comment on ${bout.behaviour}`, bout.comment ?? "", (text) => {
      if (text !== undefined && text !== (bout.comment ?? "")) this.change(bout, { comment: text });
    });
  }

  // What was done here last is taken back first; before that, what the study's log says.
  undo() {
    const act = this.done.pop() ?? { seq: null };
    this.undone.push(act);
    if (act.seq !== undefined) this.send("undo", act.seq, true);
    if (act.started) this.keep((opens) => opens.filter((one) => one.id !== act.started.id));
    const back = act.ended ?? act.forgotten;
    if (back) this.keep((opens) => [...opens, back]);
  }

  redo() {
    const act = this.undone.pop() ?? { seq: null };
    this.done.push(act);
    if (act.seq !== undefined) this.send("redo", act.seq, false);
    if (act.started) this.keep((opens) => [...opens, act.started]);
    const gone = act.ended ?? act.forgotten;
    if (gone) this.keep((opens) => opens.filter((one) => one.id !== gone.id));
  }

  send(kind, seq, gone) {
    for (const edit of this.local) if (edit.seq === seq) edit.gone = gone;
    this.player.queue.push(kind, { scope: "bouts" });
    this.player.select(null);
    this.player.showBouts();
  }

  // -- what the timeline shows: the study's bouts, and the edits that it does not hold yet

  bouts(list) {
    const known = new Map(list.map((bout) => [bout.bout_id, bout]));
    const named = (ref) => (ref?.seq !== undefined ? this.made[ref.seq] ?? `new-${ref.seq}` : ref);
    for (const { seq, kind, data, name, gone } of this.local) {
      if (gone) continue;
      const id = kind === "bouts.add" ? named({ seq }) : named(data.bout_id);
      if (kind === "bouts.add" && !known.has(id)) {
        known.set(id, { ...data, seq, bout_id: this.made[seq], source: "person", annotator: name });
      }
      if (kind === "bouts.change" && known.has(id)) known.set(id, { ...known.get(id), ...data, bout_id: known.get(id).bout_id });
      if (kind === "bouts.delete") for (const ref of data.bout_ids) known.delete(named(ref));
    }
    const open = this.mine().map((one) => ({ ...one, bout_id: `open-${one.id}`, open: true,
      source: "person", annotator: this.name, stop_frame: this.facts.frames }));
    return [...known.values(), ...open];
  }

  saved(results) {
    const { client } = this.player.queue.own;
    for (const result of results.filter((one) => one.client === client)) {
      const edit = this.local.find((one) => one.seq === result.seq);
      if (result.bout_id !== undefined) this.made[result.seq] = result.bout_id;
      if (this.player.timeline.chosen === `new-${result.seq}`) {
        this.player.timeline.chosen = result.bout_id;
        if (this.chosen) this.chosen.bout_id = result.bout_id;
      }
      if (edit) edit.taken = true;
    }
    const refused = new Set(results.filter((r) => r.error && r.client === client).map((r) => r.seq));
    this.local = this.local.filter((edit) => !refused.has(edit.seq));
    this.done = this.done.filter((act) => !refused.has(act.seq));
  }

  asking() { this.covered = new Set(this.local.filter((edit) => edit.taken)); }
  fetched() { this.local = this.local.filter((edit) => !this.covered.has(edit)); }

  arrived(frame) {
    const opens = this.mine();
    if (!opens.length) return;
    this.view.count(opens);
    if (frame === this.facts.frames - 1) {
      this.player.note("The last frame. What is still going on can be ended here, beside the video.");
    }
  }

  close() {
    window.removeEventListener("storage", this.other);
    this.chooser.close();
  }
};
