// What the drawing tool holds, saves and paints; player_draw.js adds the pointer and the keys.
//
// What is drawn is saved at once, through the player's queue; what the server answers is what
// stands. The side panel (player_draw_panel.js) shows the tools and what is picked.

const PICKED = "#E69F00", DRAFT = "#56B4E9";
const REACH = 8; // CSS pixels within which a handle or an edge is meant
const SETTLE_MS = 600; // after the last nudge by a key, before it is saved

class Drawing {
  attach(player) {
    this.player = player;
    Object.assign(this, { shapes: [], picked: null, vertex: null, mode: "select", draft: null, edit: -1, known: new Map() });
    this.form = new DrawPanel(this);
    this.panel = this.form.root;
    this.leave = () => this.settle();
    window.addEventListener("pagehide", this.leave); // what is in the queue by then is not lost
  }

  // Facts that are older than what the server said already are passed over.
  update(facts) {
    this.facts = facts;
    if (this.video !== facts.id) Object.assign(this, { video: facts.id, edit: -1, picked: null, draft: null });
    const { edit = 0 } = facts.setup ?? {};
    if (edit >= this.edit) this.truth = { regions: facts.regions, px_per_cm: facts.perCm };
    if (edit >= this.edit && !this.busy) this.take(facts.regions, facts.perCm, edit);
    else this.show();
    this.form.update();
  }

  get busy() { return Boolean(this.held || this.later || this.player.queue?.unsaved); }

  take(regions, perCm, edit) {
    this.edit = Math.max(edit, this.edit);
    this.shapes = regions.map((one) => ({ ...one, points: one.points.map((point) => [...point]) }));
    this.known = new Map(regions.map((one) => [one.name, one.points]));
    this.perCm = perCm;
    if (!this.shape) this.pick(null);
    this.show();
  }

  // The player itself draws the regions, so it is handed these.
  show() {
    const { facts } = this.player;
    if (facts) Object.assign(facts, { regions: this.shapes, perCm: this.perCm });
    this.player.draw();
    this.form.refresh();
  }

  get shape() { return this.shapes.find((one) => one.name === this.picked) ?? null; }
  get unit() {
    return this.player.facts.width / (this.player.find(".overlay").clientWidth || 1);
  }

  pick(name) {
    if (name !== this.picked) this.vertex = null;
    this.picked = name;
  }

  // -- saving

  push(kind, data) {
    return this.player.queue.push(kind, data);
  }

  // What the server says after the last edit stands; a refused one makes the page look anew.
  saved(results) {
    const last = results.filter((one) => one.regions).at(-1);
    const failed = results.some((one) => one.error);
    if (last) this.truth = last;
    if (last && !this.busy) this.take(last.regions, last.px_per_cm, last.edit_id);
    else if (failed && !this.busy) {
      this.take(this.truth.regions, this.truth.px_per_cm, this.edit);
    }
    if (last) setTimeout(() => this.player.revise(`setup-${last.edit_id}`), 0);
  }

  save(shape, replaces) {
    const { name, kind, role, animals } = shape;
    const points = shape.points.map((point) => point.map(round2));
    const was = this.known.get(replaces);
    this.known.delete(replaces);
    this.known.set(name, points);
    const data = { name, kind, role, points, ...(animals ? { animals } : {}) };
    if (replaces) this.push("regions.save", { ...data, replaces, ...(was ? { was } : {}) });
    else this.push("regions.save", data).then(({ error }) => {
      if (error?.includes("already")) this.rescue(data);
    });
  }

  // Somebody else used the name at the same time: what was drawn here is kept under another.
  rescue(data) {
    const shape = { ...data, name: `${data.name} ${100 + Math.floor(Math.random() * 900)}` };
    this.shapes.push(shape);
    this.save(shape);
    this.pick(shape.name);
    this.show();
    this.player.note(`Somebody else drew a “${data.name}” at the same time: yours is “${shape.name}”.`);
  }

  // A nudge by a key is saved when the keys have been quiet, or before anything else is done.
  settleSoon() {
    clearTimeout(this.later);
    this.later = setTimeout(() => this.settle(), SETTLE_MS);
  }

  settle() {
    if (!this.later) return;
    clearTimeout(this.later);
    this.later = null;
    if (this.nudged) this.save(this.nudged, this.nudged.name);
    this.nudged = null;
  }

  close() {
    this.settle();
    this.form.close();
    window.removeEventListener("pagehide", this.leave);
  }

  undo(what) {
    if (this.draft?.points.length) { this.draft = null; return this.show(); }
    this.settle();
    return this.push(what, { scope: "setup" }).then((told) => {
      const said = what === "undo" ? "Taken back" : "Done again";
      if (!told.error) this.player.note(told.words ? `${said}: ${told.words}` : `${said}.`);
    });
  }

  remove() {
    const { shape } = this;
    if (!shape) return;
    this.settle();
    this.shapes = this.shapes.filter((one) => one !== shape);
    this.pick(null);
    this.push("regions.delete", { name: shape.name });
    this.show();
  }

  change(fields) {
    const { shape } = this;
    if (!shape) return;
    this.settle();
    const before = shape.name;
    Object.assign(shape, fields);
    this.picked = shape.name;
    this.save(shape, before);
    this.show();
  }

  // -- drawing

  choose(mode) {
    this.settle();
    if (this.player.source && !this.player.source.paused) this.player.source.pause();
    if (mode === "template") this.form.onto = this.whole;
    Object.assign(this, { mode, draft: null, placing: null });
    if (mode !== "select" && mode !== "scale") this.pick(null);
    this.player.find(".stage").style.cursor = mode === "select" ? "" : "crosshair";
    if (mode === "template") this.form.openTemplate();
    this.player.note("");
    this.show();
  }

  // The box of the picked region, on which a grid starts: one draws the whole rack, then divides it.
  get whole() {
    const { shape } = this, arenas = this.shapes.filter((one) => one.role === "arena");
    const cell = shape?.role === "arena" && arenas.length > 1;
    return shape && areaOf(shape) && !cell ? boundsOf(shape) : null;
  }

  get kind() { return this.mode === "scale" ? this.form.scaleKind : this.mode; }
  get drawing() { return !["select", "template"].includes(this.mode); }

  start() {
    const { width, height } = this.player.facts;
    this.cursor ??= [Math.round(width / 2), Math.round(height / 2)];
    this.draft ??= { kind: this.kind, role: "region", points: [] };
  }

  inPicture([x, y]) {
    const { width, height } = this.player.facts;
    return [round2(clamp(x, -0.5, width - 0.5)), round2(clamp(y, -0.5, height - 0.5))];
  }

  // Put a corner at a place; shapes of a fixed number of points are done with the last one.
  put(at) {
    this.start();
    const { points, kind } = this.draft;
    if (points.length && apart(points.at(-1), at) < 0.01) return;
    points.push(at);
    const most = { rectangle: 2, circle: 2, point: 1 }[kind] ?? (this.mode === "scale" ? 2 : Infinity);
    if (points.length >= most) this.finish(); else this.show();
  }

  finish() {
    const { draft } = this;
    if (!draft || draft.points.length < LEAST[draft.kind]) {
      return this.player.note(`A ${this.kind} needs ${LEAST[this.kind]} points: place more, or press Esc.`);
    }
    this.player.note("");
    if (this.mode === "scale") return this.form.ask(draft);
    const shape = { ...draft, name: this.freeName(draft.role) };
    this.shapes.push(shape);
    this.save(shape);
    Object.assign(this, { draft: null, mode: "select" });
    this.player.find(".stage").style.cursor = "";
    this.pick(shape.name);
    this.show();
    return this.form.focusName();
  }

  // The outline of what is under a click, as the server finds it: an object of the arena.
  async seekOutline([x, y]) {
    const { facts, frame } = this.player, order = this.sought = (this.sought ?? 0) + 1;
    const query = new URLSearchParams({ frame, on: `${x.toFixed(1)},${y.toFixed(1)}`, about: 1 });
    this.player.note("Looking for the outline…");
    try {
      const found = await load(`/data/videos/${facts.id}/click?${query}`);
      if (order !== this.sought || this.mode !== "outline" || this.player.facts.id !== facts.id) return;
      const { polygon } = JSON.parse(new TextDecoder().decode(found));
      this.draft = { kind: "polygon", role: "object", points: polygon.map((at) => this.inPicture(at)) };
      this.finish();
    } catch (error) {
      if (order === this.sought) this.player.note(error.message);
    }
  }

  freeName(role = "region") {
    const taken = new Set(this.shapes.map((one) => one.name));
    let number = 1;
    while (taken.has(`${role} ${number}`)) number += 1;
    return `${role} ${number}`;
  }

  cancel() {
    if (this.draft?.points.length) this.draft = null;
    else if (this.mode !== "select") return this.choose("select");
    else if (this.vertex !== null) this.vertex = null;
    else this.pick(null);
    return this.show();
  }

  // -- over the picture

  draw(pen, unit, player) {
    const font = getComputedStyle(player.root).fontFamily;
    if (this.placing) this.placing.draw(pen, unit, font);
    const { shape } = this;
    if (shape && !this.drawing) {
      this.stroke(pen, shape, unit, PICKED);
      handles(shape).forEach((at, k) => drawHandle(pen, at, unit, { full: k === this.vertex }));
    }
    if (this.drawing) this.drawDraft(pen, unit);
  }

  stroke(pen, shape, unit, colour) {
    for (const [style, width] of [["rgb(0 0 0 / 60%)", 4.5], [colour, 2.4]]) {
      pen.strokeStyle = style;
      pen.lineWidth = width * unit;
      pen.stroke(regionPath(shape));
    }
  }

  drawDraft(pen, unit) {
    const { cursor, draft } = this, points = draft?.points ?? [];
    const asked = this.form.asking;
    if (asked) this.stroke(pen, asked, unit, PICKED);
    if (points.length && cursor && !asked) {
      const kind = this.kind === "polygon" && points.length < 2 ? "line" : this.kind;
      this.stroke(pen, { kind, points: [...points, cursor] }, unit, DRAFT);
    }
    if (!asked) for (const at of points) drawHandle(pen, at, unit, { round: true });
    if (cursor && !asked) this.drawCursor(pen, cursor, unit);
  }

  // A cross whose gap is the pixel that is meant.
  drawCursor(pen, [x, y], unit) {
    for (const [style, width] of [["#000", 3], ["#fff", 1.2]]) {
      pen.strokeStyle = style;
      pen.lineWidth = width * unit;
      pen.beginPath();
      for (const [dx, dy] of [[1, 0], [-1, 0], [0, 1], [0, -1]]) {
        pen.moveTo(x + 0.5 + 4 * dx * unit, y + 0.5 + 4 * dy * unit);
        pen.lineTo(x + 0.5 + 13 * dx * unit, y + 0.5 + 13 * dy * unit);
      }
      pen.stroke();
    }
  }
}
