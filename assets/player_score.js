// Scoring by keyboard. A bout is shown at once and saved through the queue; a state that was started
// and not yet stopped is kept in this browser, so that a reload or another tab finds it going on.

const PLAYING = new Set([..." ,.<>[]?+-0123456789"]); // keys that the player itself uses
const OPENS = "ethoscribe.open";
const A_PLACE = "a region …"; // after the animals; the regions are asked for next

const FLEETING = "This browser keeps nothing: what is going on is kept in this page's memory alone. "
  + "Keep the page open until it is ended and saved.";
const endsWith = (open, one) => open.ending?.client === one.client && open.ending.seq === one.seq;

TOOLS.score = class ScoreTool {
  attach(player) {
    Object.assign(this, { player, opens: [], local: [], made: {}, done: [], undone: [], name: "" });
    this.chooser = new Chooser(player);
    this.view = new ScorePanel(this);
    this.panel = this.view.box;
    this.other = ({ key }) => {
      if (key === null || key === this.place) this.recall();
      if (key === this.player.queue.refused.key) this.refresh();
    };
    this.stepping = Promise.resolve();
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
      Object.assign(this, { local: [], made: {}, done: [], undone: [], opens: [], steps: null,
        acts: new Map(), refusedSeqs: new Set() });
      this.place = `${OPENS}.${facts.study}.${facts.id}`;
      this.facts = facts;
      this.name = this.player.queue.name;
      if (!sent.annotator && this.name !== sent.user) this.tellName();
      this.recall();
      this.keep((opens) => opens.filter((one) => !one.ending || this.waits(one.ending)));
      this.choose(remember(`subject.${facts.hash}`));
    }
    this.facts = facts;
    this.learn(facts.steps);
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
    Object.assign(this, { done: [], undone: [], steps: null }); // they are of the other person
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
    const open = this.mine().find((one) => one.behaviour === behaviour.name && one.subject === subject);
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
    if (!this.endOthers(behaviour, subject, frame)) return;
    const open = { ...this.numbered(bout), id: randomName(), name: this.name };
    this.keep((opens) => [...opens, open]);
    this.did({ started: open });
    this.inquire(behaviour, subject, (fields) => {
      this.keep((opens) => opens.map((one) => (one.id === open.id ? { ...one, ...fields } : one)));
    });
  }

  // In a group that excludes one another the start of one state is the end of the other; where that
  // would claim time for either that nobody gave it, nothing starts.
  endOthers(behaviour, subject, frame) {
    const group = new Set(this.facts.ethogram.filter((one) => behaviour.exclusive
      && one.exclusive === behaviour.exclusive && one.name !== behaviour.name).map((one) => one.name));
    const opens = this.mine().filter((o) => group.has(o.behaviour) && o.subject === subject);
    const late = opens.find((open) => open.start_frame > frame);
    const there = this.player.bouts.find((b) => !b.open && this.editable(b) && group.has(b.behaviour)
      && b.kind === "state" && b.subject === subject && b.start_frame <= frame && frame < b.stop_frame);
    if (late || there) {
      this.player.note(late ? `${behaviour.name} is not started: ${late.behaviour} is going on from frame `
          + `${late.start_frame}, which is later. End it first, or go on to a later frame.`
        : `${behaviour.name} is not started: here ${there.behaviour} is scored, frames `
          + `${there.start_frame} to ${there.stop_frame - 1}. Change or delete that bout first.`);
      return false;
    }
    for (const open of opens) {
      if (open.start_frame !== frame) { this.end(open, frame); continue; }
      this.forget(open);
      this.player.note(`${open.behaviour} would have no frame, so it was not kept.`);
    }
    return true;
  }

  // Animals may be renamed before an edit arrives: their numbers say who was meant.
  numbered(data) {
    const id = (name) => this.facts.animals.find((animal) => animal.name === name)?.id;
    return { ...data, ...(id(data.subject) !== undefined && { subject_id: id(data.subject) }),
      ...(id(data.target) !== undefined && { target_id: id(data.target) }) };
  }

  // The same with the names that the numbers have now.
  named(data) {
    const name = (id) => this.facts.animals.find((animal) => animal.id === id)?.name;
    return { ...data, ...(name(data.subject_id) && { subject: name(data.subject_id) }),
      ...(name(data.target_id) && { target: name(data.target_id) }) };
  }

  // Ask for the target and the modifiers, one after the other; `tell` hears what was answered.
  inquire(behaviour, subject, tell) {
    const places = this.facts.regions.filter((one) => one.role !== "arena").map((one) => one.name);
    const steps = (behaviour.modifiers ?? []).map(({ name, values }) => [name, values]);
    if (behaviour.target) {
      const others = this.subjects.filter((name) => name !== subject);
      steps.unshift([null, others.length && places.length ? [...others, A_PLACE] : [...others, ...places]]);
    }
    const told = {};
    const next = (k) => {
      if (k === steps.length) { if (Object.keys(told).length) tell(told); return; }
      const [name, values] = steps[k];
      if (!values.length) { next(k + 1); return; }
      this.chooser.ask(name === null ? `${behaviour.name}: whom?` : `${behaviour.name}: ${name}`, values, (value) => {
        if (value === A_PLACE && name === null) { steps[k] = [null, places]; next(k); return; }
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
    const now = this.recalled().find((one) => one.id === open.id && !one.ending);
    if (!now) { this.recall(); return; } // another tab ended it
    const { start_frame: from } = now, last = this.facts.frames - 1;
    const [start, stop] = frame < from ? [frame, from] : [from, frame === last ? last + 1 : Math.max(frame, from + 1)];
    const { id, name, start_frame: _, ...bout } = now;
    const data = this.named({ ...bout, start_frame: start, stop_frame: stop });
    this.pending = this.player.queue.push("bouts.add", this.numbered(data));
    const { seq } = this.pending;
    // It is forgotten once the study has the bout; until then it only is not going on any more.
    const ending = { client: this.player.queue.own.client, seq };
    this.keep((opens) => opens.map((one) => (one.id === open.id ? { ...one, ending } : one)));
    return this.saving(seq, "bouts.add", data, { ended: now });
  }

  endAll() { for (const open of this.mine()) this.end(open, this.facts.frames - 1); }

  forget(open) {
    this.keep((opens) => opens.filter((one) => one.id !== open.id));
    this.did({ forgotten: open });
  }

  // -- states that are going on: one list for all tabs

  mine() { return this.opens.filter((one) => one.name === this.name && !one.ending).map((one) => this.named(one)); }

  // Whether the end of a state is still on its way to the study, or was refused.
  waits({ client, seq }) {
    const { place, own, refused } = this.player.queue;
    if (client === own.client || refused.read().some((one) => one.client === client && one.seq === seq)) return true;
    try { return localStorage.getItem(`${place.key}.${client}`) !== null; } catch { return true; }
  }

  // An empty list is written as such: where there is nothing, the browser was cleared or refuses.
  recalled() {
    if (this.fleeting) return this.opens;
    try { return JSON.parse(localStorage.getItem(this.place)) ?? this.opens; } catch { return this.opens; }
  }

  recall() {
    this.opens = this.recalled();
    this.refresh();
    this.player.showBouts();
  }

  keep(change) {
    this.opens = change(this.recalled());
    try {
      localStorage.setItem(this.place, JSON.stringify(this.opens));
      this.fleeting = false;
    } catch {
      if (!this.fleeting) this.player.note(FLEETING);
      this.fleeting = true;
    }
    this.refresh();
    this.player.showBouts();
  }

  refresh() {
    if (!this.view.buttons) return;
    this.view.show(this.facts, this.mine());
    this.view.steps(this.undoable, this.redoable);
    this.view.refused(this.player.queue.refused.read());
  }

  // -- edits: drawn at once, saved behind it

  save(kind, data, act = {}) {
    this.pending = this.player.queue.push(kind, this.numbered(data));
    return this.saving(this.pending.seq, kind, data, act);
  }

  saving(seq, kind, data, act = {}) {
    this.local.push({ seq, kind, data, name: this.name });
    this.did({ ...act, seq });
    this.player.showBouts();
    return seq;
  }

  did(act) {
    this.done.push(act);
    this.undone = [];
    this.refresh();
  }

  // A refused edit is tried again, for the chosen animal where its own is not there any more.
  retry(one) {
    const { refused } = this.player.queue, data = this.named(one.data);
    const lost = data.subject && !this.subjects.includes(data.subject);
    const { subject_id: _, ...bare } = data;
    refused.drop(one);
    this.keep((opens) => opens.filter((open) => !endsWith(open, one)));
    this.save(one.kind, lost ? { ...bare, subject: this.subject } : data);
  }

  dropRefused(one) {
    this.player.queue.refused.drop(one);
    this.keep((opens) => opens.filter((open) => !endsWith(open, one)));
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

  // What was done here last is taken back first; before that, what the study's log says. An undo
  // names the edit that it means, so that no other one is ever taken back in its place.
  undo() { this.stepping = this.stepping.then(() => this.step("undo")); }
  redo() { this.stepping = this.stepping.then(() => this.step("redo")); }

  async step(kind) {
    const ways = kind === "undo" ? ["done", "undone"] : ["undone", "done"];
    const act = this[ways[0]].pop() ?? await this.loggedStep(kind);
    if (!act) { this.player.note(`There is nothing to ${kind}.`); return; }
    this[ways[1]].push(act);
    this.reopen(act, kind === "undo");
    const { client } = this.player.queue.own;
    if (act.edit_id) this.send(kind, { edit_id: act.edit_id }, act);
    else if (act.seq !== undefined) this.send(kind, { client, seq: act.seq }, act);
    this.refresh();
  }

  // What the log would take back next, known once everything before it was answered.
  async loggedStep(kind) {
    await this.pending;
    await wait(0);
    const last = this.steps?.author === this.name ? this.steps[kind] : null;
    return last && { edit_id: last.edit_id };
  }

  // An open state as it was before an act, or as it was after it.
  reopen(act, before) {
    const state = act.started ?? act.ended ?? act.forgotten;
    if (!state) return;
    const others = (opens) => opens.filter((one) => one.id !== state.id);
    this.keep((opens) => (before === !act.started ? [...others(opens), state] : others(opens)));
  }

  send(kind, of, act = null) {
    for (const edit of this.local) if (edit.seq === of.seq && of.client) edit.gone = kind === "undo";
    const result = this.player.queue.push(kind, { scope: "bouts", of });
    this.pending = result;
    this.acts.set(result.seq, { kind, act });
    this.player.select(null);
    this.player.showBouts();
    return result;
  }

  // A step that was refused did not happen: it is shown so, and what is next the log says.
  unstep({ kind, act }) {
    Object.assign(this, { done: [], undone: [] });
    if (this.refusedSeqs.has(act.seq)) return;
    for (const edit of this.local) if (act.seq !== undefined && edit.seq === act.seq) edit.gone = kind !== "undo";
    this.reopen(act, kind !== "undo");
  }

  learn(steps) {
    if (steps && steps.author === this.name && steps.at >= (this.steps?.at ?? 0)) this.steps = steps;
  }

  get undoable() { return this.stepOf(this.done, "undo"); }
  get redoable() { return this.stepOf(this.undone, "redo"); }

  stepOf(acts, kind) {
    if (acts.length) return "the last step here";
    return this.steps?.author === this.name ? this.steps[kind]?.words : null;
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

  saved(results, steps) {
    const { client } = this.player.queue.own;
    this.learn(steps);
    const kept = results.filter((one) => one.kind === "bouts.add" && !one.error);
    if (this.opens.some((open) => kept.some((one) => endsWith(open, one)))) {
      this.keep((opens) => opens.filter((open) => !kept.some((one) => endsWith(open, one))));
    }
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
    for (const seq of refused) this.refusedSeqs.add(seq);
    this.done = this.done.filter((act) => !refused.has(act.seq));
    this.undone = this.undone.filter((act) => !refused.has(act.seq));
    for (const seq of refused) if (this.acts.has(seq)) this.unstep(this.acts.get(seq));
    this.refresh();
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
