// Reviewing identities: from one doubtful place to the next, and correcting what is wrong there.

const REVIEW_KEYS = ["Correcting tracks", [
  ["N   P", "next, previous doubtful place"], ["C", "tick it off and go on"],
  ["V", "play it again and again, Esc ends it"], ["1 … 9", "choose an animal; the last two are swapped"],
  ["I   O", "mark the first, the last frame"], ["X", "forget the marks"],
  ["S", "swap the two animals"], ["D", "delete the animal there"], ["Shift + D", "take it off the whole video"],
  ["F", "fill its gap"], ["G", "move it: say where it is in this frame"], ["E", "take its outline off in this frame"],
  ["R", "rename it"], ["M", "draw its outline anew"], ["K", "find its outline by a click; Shift + click: not there"], ["Ctrl + Z", "undo"],
  ["Ctrl + Shift + Z   or   Ctrl + Y", "redo"]]];
const REVIEW_AROUND_S = 1; // of a doubtful place, before and after it, when it is played
const REVIEW_RING_S = 0.5;
// How sure it is who a fragment is of, from sure to no better than a guess, for any colour vision.
const REVIEW_SURE = [[0.99, "#0072B2"], [0.95, "#56B4E9"], [0.8, "#F0E442"], [0.6, "#E69F00"], [0, "#D55E00"]];

const reviewKind = (kind) => kind.replaceAll("_", " ");
const reviewNames = (names) => [names.slice(0, -1).join(", "), names.at(-1)].filter(Boolean).join(" and ");
const reviewSays = (doubt) => `${reviewNames(doubt.animals)} ${doubt.what}`;

class ReviewTool {
  attach(player) {
    Object.assign(this, { player, keys: REVIEW_KEYS, doubts: [], fragments: [], shown: [], chosen: [], marks: {},
      kind: "", order: remember("review.order") ?? "severity", std: remember("review.std") ?? 10 });
    this.view = new ReviewPanel(this);
    this.panel = this.view.root;
    player.root.classList.add("reviews");
    // Another tab or person may have corrected something meanwhile.
    this.seen = () => { if (!document.hidden && player.facts && !this.waiting) this.ask(); };
    document.addEventListener("visibilitychange", this.seen);
  }

  close() {
    document.removeEventListener("visibilitychange", this.seen);
    this.leave();
    this.player.root.classList.remove("reviews");
  }

  // -- what Python and the server say

  update(facts) {
    if (facts.id !== this.video) {
      this.leave();
      Object.assign(this, { video: facts.id, doubts: [], fragments: [], marks: {}, at: null,
        undoes: null, redoes: null, version: null, last: -1, said: "" });
      this.chosen = facts.animals.slice(0, 1).map((animal) => animal.id);
    }
    const here = facts.animals.map((animal) => animal.id); // one may have been taken off
    this.chosen = this.chosen.filter((id) => here.includes(id));
    if (!this.chosen.length) this.chosen = here.slice(0, 1);
    this.mayEdit = facts.mayEdit !== false;
    if (facts.tracks !== this.version) this.ask(); else this.list();
  }

  async ask() {
    const order = this.asked = (this.asked ?? 0) + 1;
    this.waiting = true;
    this.view.update();
    try {
      const url = `${this.player.facts.urls.review}?jump_std=${this.std}`;
      const state = JSON.parse(new TextDecoder().decode(await load(url)));
      if (order !== this.asked) return;
      Object.assign(this, { doubts: state.doubts, fragments: state.fragments.map(reviewFragment),
        undoes: state.undo, redoes: state.redo, version: state.run, waiting: false });
      if (state.run !== this.player.facts.tracks) { // somebody else has corrected something
        this.player.facts.tracks = state.run;
        this.player.openOverlay();
        this.player.revise(); // the page has their names, and the list of what was done
      }
      this.list();
    } catch (error) {
      this.player.note(`The doubtful places cannot be listed: ${error.message}`);
    }
  }

  // The doubtful places of the chosen kind, in the chosen order.
  list() {
    const way = { frame: (a, b) => a.frame - b.frame, severity: (a, b) => b.severity - a.severity,
      kind: (a, b) => a.kind.localeCompare(b.kind) || b.severity - a.severity,
      length: (a, b) => (b.stop_frame - b.frame) - (a.stop_frame - a.frame) }[this.order];
    this.shown = this.doubts.filter((doubt) => !this.kind || doubt.kind === this.kind)
      .sort((a, b) => way(a, b) || a.frame - b.frame);
    this.player.showBouts();
    this.view.update();
  }

  saved(results) {
    const scopes = (one) => one.kind.startsWith("tracks.") || one.data.scope === "tracks";
    const mine = results.filter((one) => scopes(one) && one.kind !== "tracks.checked");
    const done = mine.filter((one) => !one.error);
    if (done.length) {
      const { facts } = this.player;
      facts.tracks = `${facts.run}.${done.at(-1).edit_id}`;
      this.player.openOverlay();
      this.say(this.told(done.at(-1)));
    }
    if (mine.length) this.ask();
  }

  told({ kind, data, words, by, frames, bouts_taken_off: gone }) {
    const whose = by ? ` (by ${by})` : "";
    const what = {
      undo: () => `Taken back: ${words}${whose}.`, redo: () => `Done again: ${words}${whose}.`,
      "tracks.swap": () => `Swapped ${data.a} and ${data.b}.`,
      "tracks.delete": () => `Deleted ${data.animal} there.`,
      "tracks.interpolate": () => `Filled ${frames} frame${frames === 1 ? "" : "s"} on a straight line; they stay “not detected”.`,
      "tracks.rename": () => `${data.animal} is now called ${data.name}.`,
      "tracks.mask": () => `New outline of ${data.animal}.`,
      "tracks.move": () => `${data.animal} is moved; its outline in this frame is taken off.`,
      "tracks.unmask": () => `${data.animal} has no outline in this frame any more.`,
      "tracks.remove": () => `${data.animal} is taken off the video; Ctrl Z brings it back.`,
    }[kind]?.() ?? "Saved.";
    return gone && !["undo", "redo"].includes(kind)
      ? `${what} ${gone} bouts computed from the old tracks are taken off: run their analyses again.`
      : what;
  }

  say(text) { this.said = text; this.view.update(); }

  // -- doubtful places

  open(doubt) { return !doubt.checked && !doubt.settled; }

  // To the next open place; from where the last one was, when that is no longer in the list.
  go(way) {
    const { shown } = this;
    let at = shown.findIndex((doubt) => doubt.key === this.at);
    if (at < 0) {
      const from = this.last >= 0 ? this.last : this.player.frame ?? 0;
      const after = this.order !== "frame" ? 0 : shown.findIndex((doubt) => doubt.frame > from);
      at = (after < 0 ? shown.length : after) - (way > 0 ? 1 : 0);
    }
    for (at += way; at >= 0 && at < shown.length; at += way) {
      if (this.open(shown[at])) { this.choose(shown[at]); return; }
    }
    const left = shown.some((doubt) => this.open(doubt));
    this.say(!left ? "Every doubtful place is looked at."
      : way > 0 ? "No further place is open in this order." : "No earlier place is open in this order.");
  }

  choose(doubt, seek = true) {
    const ids = new Map(this.player.facts.animals.map((animal) => [animal.name, animal.id]));
    const who = doubt.animals.map((name) => ids.get(name));
    this.chosen = [...who, ...this.chosen, ...ids.values()]
      .filter((id, k, all) => id !== undefined && all.indexOf(id) === k)
      .slice(0, Math.min(Math.max(who.length, 1), 2)); // a swap is of two that somebody chose
    this.leave();
    Object.assign(this, { at: doubt.key, last: doubt.frame });
    this.player.timeline.chosen = `doubt ${doubt.key}`;
    if (seek) { this.player.step(0); this.player.seek(doubt.frame); }
    this.player.timeline.draw();
    this.say("");
  }

  get doubt() { return this.doubts.find((one) => one.key === this.at); }

  check(doubt = this.doubt, go = true) {
    if (!doubt) { this.say("Choose a doubtful place first: N goes to the next one."); return; }
    doubt.checked = !doubt.checked;
    this.player.queue.push("tracks.checked", { key: doubt.key, done: doubt.checked });
    if (go && doubt.checked) this.go(1);
    this.list();
  }

  replay() {
    const { doubt, player } = this, frame = player.frame ?? 0;
    const [first, stop] = doubt ? [doubt.frame, Math.min(doubt.stop_frame, doubt.frame + 300)] : [frame, frame + 1];
    const around = Math.round(REVIEW_AROUND_S * player.facts.fps);
    player.play({ start: Math.max(first - around, 0),
      stop: Math.min(stop + around, player.facts.frames), loop: true });
  }

  // The timeline shows the doubtful places that are open, the marks, and how sure each animal is.
  bouts(list) {
    const row = (behaviour, start_frame, stop_frame, more) => ({ behaviour, subject: "", source: "analysis",
      kind: "state", start_frame, stop_frame, ...more });
    const rows = this.shown.filter((doubt) => this.open(doubt)).map((doubt) => row(reviewKind(doubt.kind),
      doubt.frame, doubt.stop_frame, { bout_id: `doubt ${doubt.key}`, doubt }));
    const { first, last } = this.marks, frame = this.player.frame ?? 0;
    if (first !== undefined || last !== undefined) {
      rows.push(row("marked", first ?? Math.min(frame, last), (last ?? Math.max(frame, first)) + 1,
        { bout_id: "marked" }));
    }
    rows.push(...this.fragments.map((one) => row("sure it is", one.start_frame, one.stop_frame, one)));
    return rows.length || this.doubts.length ? rows : list;
  }

  selected(bout) { if (bout?.doubt) this.choose(bout.doubt, false); }

  // -- animals and marks

  picks() { return true; }

  pick(name) {
    const animal = this.player.facts.animals.find((one) => one.name === name);
    if (animal) this.take(animal.id);
    return Boolean(animal);
  }

  take(id) {
    this.chosen = [id, ...this.chosen.filter((other) => other !== id)].slice(0, 2);
    this.leave();
    this.view.update();
    this.player.draw();
  }

  animal(k) { return this.player.facts.animals.find((one) => one.id === this.chosen[k]); }

  mark(end) {
    this.marks[end] = this.player.frame;
    const { first, last } = this.marks;
    if (first !== undefined && last < first) this.marks = { [end]: this.player.frame };
    this.player.showBouts();
    this.view.update();
  }

  unmark() { this.marks = {}; this.player.showBouts(); this.view.update(); }

  arrived() {
    const { first, last } = this.marks;
    if (this.outline && this.outline.frame !== this.player.frame) this.leave();
    if ((first === undefined) !== (last === undefined)) this.player.showBouts();
    this.view.update(true);
  }

  // The frames of a swap: from the first mark, or where the animals of the chosen crossing were
  // nearest, or from here; to the last mark or the end.
  swapSpan() {
    const { first, last } = this.marks, { doubt, player: { frame } } = this;
    const names = [this.animal(0)?.name, this.animal(1)?.name];
    const met = doubt?.swap_at != null && frame >= doubt.frame && frame <= doubt.stop_frame
      && doubt.animals.every((name) => names.includes(name));
    return { start_frame: first ?? (met ? doubt.swap_at : frame), stop_frame: last === undefined ? null : last + 1 };
  }

  // The frames of a deletion: what is marked, or the frame on the screen.
  span() {
    const { first, last } = this.marks, { frame } = this.player;
    return { start_frame: first ?? frame, stop_frame: (last ?? frame) + 1 };
  }

  // The frames around this one in which the animal is not found, as far as its tracks are loaded.
  gap() {
    const { first, last } = this.marks, { player } = this;
    if (first !== undefined || last !== undefined) return this.span();
    const doubt = this.doubt, { name, id } = this.animal(0);
    if (doubt?.kind === "missing" && doubt.animals[0] === name && doubt.frame <= player.frame
      && player.frame < doubt.stop_frame) return { start_frame: doubt.frame, stop_frame: doubt.stop_frame };
    const missing = (frame) => player.overlay.at(frame)?.position(frame, id) === null;
    if (!missing(player.frame)) return null;
    let [start, stop] = [player.frame, player.frame + 1];
    while (start > 0 && missing(start - 1)) start--;
    while (stop < player.facts.frames && missing(stop)) stop++;
    return { start_frame: start, stop_frame: stop };
  }

  // -- edits

  edit(kind, data) {
    if (data.stop_frame !== null && data.stop_frame <= data.start_frame) {
      this.say("The first marked frame is after the last: mark them again, or forget the marks (X).");
      return;
    }
    this.player.source?.pause();
    this.player.queue.push(kind, data);
  }

  swap() {
    const [a, b] = [this.animal(0), this.animal(1)];
    if (!b) { this.say("Choose the two animals to swap: their names, or their digits."); return; }
    this.edit("tracks.swap", { a: a.name, b: b.name, ...this.swapSpan() });
  }

  remove() {
    const { name } = this.animal(0);
    this.edit("tracks.delete", { animal: name, ...this.span() });
  }

  takeOff() { this.edit("tracks.remove", { animal: this.animal(0).name }); }

  erase() {
    if (!this.player.facts.outlines) { this.say("These tracks have body points only, no outlines."); return; }
    this.edit("tracks.unmask", { animal: this.animal(0).name, frame: this.player.frame });
  }

  fill() {
    const { name } = this.animal(0), span = this.gap();
    if (!span) { this.say(`${name} is found in this frame: go to a gap, or mark frames with I and O.`); return; }
    this.edit("tracks.interpolate", { animal: name, ...span });
  }

  rename(name) {
    const before = this.animal(0).name;
    if (name.trim() && name !== before) this.edit("tracks.rename", { animal: before, name });
  }

  draws() { this.begin(() => new ReviewOutline(this.player, this.animal(0)), ReviewOutline); }

  clicks() {
    if (!this.player.facts.clicks) { this.say("There is no film to click on."); return; }
    const changed = () => {
      if (this.outline.wanted) this.finish(); // Enter came before the answer
      this.view.update();
      this.player.draw();
    };
    this.begin(() => new ReviewClick(this.player, this.animal(0), changed), ReviewClick);
  }

  moves() { this.begin(() => new ReviewMove(this.player, this.animal(0)), ReviewMove); }

  // The same again ends it; the other way to an outline takes its place.
  begin(make, kind) {
    if (!this.player.facts.outlines && kind !== ReviewMove) { this.say("These tracks have body points only, no outlines."); return; }
    const ends = this.outline?.constructor === kind;
    this.leave();
    this.player.step(0);
    if (!ends) this.outline = make();
    this.said = "";
    this.view.update();
    this.player.draw();
  }

  leave() {
    this.outline?.close();
    this.outline = null;
  }

  finish() {
    const { outline } = this, { name } = this.animal(0), { missing } = outline;
    outline.wanted = outline.waiting;
    if (missing && outline instanceof ReviewClick) { this.say(missing); return; }
    this.leave();
    this.player.draw();
    if (missing) { this.say(missing); return; }
    this.edit(...outline.edit(name));
  }

  undo() { this.player.queue.push("undo", { scope: "tracks" }); }
  redo() { this.player.queue.push("redo", { scope: "tracks" }); }

  // -- keys, pointer, picture

  key(event) {
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    const whole = key === "d" && event.shiftKey;
    const drop = () => { this.leave(); this.view.update(); };
    if (this.outline?.key(event, () => this.finish(), drop)) { this.player.draw(); return true; }
    if (event.ctrlKey || event.metaKey) {
      if (!this.mayEdit || event.altKey) return false;
      if (key === "z") { if (event.shiftKey) this.redo(); else this.undo(); return true; }
      if (key === "y") { this.redo(); return true; }
      return false;
    }
    if (event.altKey) return false;
    const looks = { n: () => this.go(1), p: () => this.go(-1), v: () => this.replay(),
      i: () => this.mark("first"), o: () => this.mark("last"), x: () => this.unmark() };
    const edits = { c: () => this.check(), s: () => this.swap(),
      d: () => { if (whole) this.takeOff(); else this.remove(); },
      f: () => this.fill(), g: () => this.moves(), e: () => this.erase(), r: () => this.view.askName(), m: () => this.draws(), k: () => this.clicks() };
    const act = looks[key] ?? (this.mayEdit ? edits[key] : undefined);
    if (act && this.player.frame !== undefined) { act(); return true; }
    const animal = /^[1-9]$/.test(key) && this.player.facts.animals[Number(key) - 1];
    if (animal) this.take(animal.id);
    return Boolean(act || animal);
  }

  pointer(type, at, event) {
    if (!this.outline) return false;
    if (this.outline.ends(type)) this.finish(); else this.outline.pointer(type, at, event);
    this.player.draw();
    return true;
  }

  draw(pen, unit) {
    const { player } = this, chunk = player.overlay?.at(player.frame);
    const colours = new Map(player.facts.animals.map((animal, k) => [animal.id, colourOf(k)]));
    if (chunk?.fill_frame) for (let i = 0; i < chunk.fill_frame.length; i++) {
      if (chunk.fill_frame[i] !== player.frame || player.hidden.has(chunk.fill_animal[i])) continue;
      const [x, y, id] = [chunk.fill_x[i], chunk.fill_y[i], chunk.fill_animal[i]];
      reviewRing(pen, x, y, 10 * unit, unit, colours.get(id), [5, 3]);
      const name = player.facts.animals.find((animal) => animal.id === id)?.name;
      const font = getComputedStyle(player.root).fontFamily;
      label(pen, `${name} · filled`, x, y - 16 * unit, colours.get(id), unit, font, player.facts.width);
    }
    const { doubt } = this, near = Math.round(REVIEW_RING_S * player.facts.fps);
    if (doubt && doubt.x_px !== null && player.frame >= doubt.frame - near && player.frame < doubt.stop_frame + near) {
      reviewRing(pen, doubt.x_px, doubt.y_px, 34 * unit, unit, "#fff", [7, 5]);
      this.drawWays(pen, unit, doubt.ways ?? [], colours);
    }
    this.outline?.draw(pen, unit, colours.get(this.chosen[0]));
  }

  // Where each animal entered a crossing (open ring), and where it left it (dot).
  drawWays(pen, unit, ways, colours) {
    const ids = new Map(this.player.facts.animals.map((animal) => [animal.name, animal.id]));
    for (const { animal, entered, left } of ways) {
      const colour = colours.get(ids.get(animal));
      if (!colour || !entered || !left) continue;
      for (const [ink, wide] of [["rgb(0 0 0 / 55%)", 4], [colour, 2]]) {
        pen.beginPath();
        pen.setLineDash([4 * unit, 4 * unit]);
        pen.moveTo(entered[0] + 0.5, entered[1] + 0.5);
        pen.lineTo(left[0] + 0.5, left[1] + 0.5);
        pen.strokeStyle = ink;
        pen.lineWidth = wide * unit;
        pen.stroke();
      }
      reviewRing(pen, ...entered, 6 * unit, unit, colour, []);
      pen.beginPath();
      pen.arc(left[0] + 0.5, left[1] + 0.5, 5 * unit, 0, 2 * Math.PI);
      pen.fillStyle = colour;
      pen.fill();
    }
  }
}

// A fragment as a bar of the timeline: its animal's row, coloured by how sure it is.
function reviewFragment([animal, start_frame, stop_frame, probability], k) {
  const [, colour] = REVIEW_SURE.find(([least]) => probability >= least);
  const sure = probability >= 0.995 && probability < 1 ? "over 99 %" : `${Math.round(100 * probability)} %`;
  return { bout_id: `fragment ${k}`, subject: animal, start_frame, stop_frame, colour, modifiers: { sure } };
}

function reviewRing(pen, x, y, radius, unit, colour, dash) {
  for (const [ink, wide] of [[colour === "#fff" ? "rgb(0 0 0 / 65%)" : "#fff", 4.5], [colour, 2.5]]) {
    pen.beginPath();
    pen.setLineDash(dash.map((length) => length * unit));
    pen.arc(x + 0.5, y + 0.5, radius, 0, 2 * Math.PI);
    pen.strokeStyle = ink;
    pen.lineWidth = wide * unit;
    pen.stroke();
  }
  pen.setLineDash([]);
}

TOOLS.review = ReviewTool;
