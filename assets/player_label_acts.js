// What the pointer, the keys and the buttons of the editor do.

Object.assign(LabelEditor.prototype, {
  choose(tool) {
    if (!this.mayEdit) return;
    this.drop();
    this.tool = tool;
    if (tool === "draw") this.pen = new ReviewOutline(this, { id: null });
    this.show();
  },

  // What is being drawn is dropped.
  drop() {
    Object.assign(this, { pen: null, held: null });
    if (this.tool === "draw") this.tool = "click";
  },

  pick(label) {
    this.picked = label;
    if (label) this.kind = label.kind;
    this.show();
  },

  call(name) {
    this.name = name;
    for (const queue of this.queues.values()) queue.name = name;
    remember("annotator", name);
  },

  brush(radius) {
    this.radius = clamp(radius, 1, 60);
    remember("label.brush", this.radius);
    this.show();
  },

  lighten(light) {
    this.view.light = light;
    this.view.draw();
    this.panel.update();
  },

  // -- changes of the frame

  fresh() { return { kind: this.kind, animal: null, mask: null }; },

  // A mask that was drawn or found becomes a new outline, or goes onto the chosen one, or off it.
  apply(mask, how, options = {}) {
    const { work } = this;
    if (!mask) { this.note("That is smaller than a pixel: draw it larger."); return; }
    this.applyTo(work, this.picked, mask, how, options);
  },

  applyTo(work, label, mask, how, { takes = true, clicks = null } = {}) {
    if (how === "off") {
      if (label) work.cut(label, mask);
      else for (const one of [...work.labels]) work.cut(one, mask);
    } else {
      const onto = how === "on" && label ? label : this.fresh();
      const whole = onto.mask ? uniteMasks(onto.mask, mask) : mask;
      const made = work.put(onto, whole, { takes });
      if (!made) { this.note("All of that belongs to other outlines already. Choose one, or remove it first."); return; }
      onto.clicks = clicks;
      if (work === this.work) this.picked = made;
    }
    work.save();
  },

  remove(label = this.picked) {
    if (!this.ready) return;
    if (!label) { this.say("Choose an outline first: click it, or press its number."); return; }
    this.work.drop(label);
    this.work.save();
  },

  clear() {
    if (!this.ready) return;
    this.work.labels = [];
    this.work.save(true);
    this.say("Nobody is here. Enter goes on, Undo takes it back.");
  },

  // What new outlines are called; a name that is not known yet becomes a class.
  call_(name) {
    const kind = name.trim().replace(/\s+/g, " ");
    if (kind && !this.classes.includes(kind)) {
      const unused = !this.frames.some((one) => one.labels) && !this.work?.labels.length;
      this.classes = unused ? [kind] : [...this.classes, kind];
    }
    this.kind = kind || this.kind;
    this.show();
  },

  takeOff() {
    if (!this.ready) return;
    this.work.clear();
    this.say("This frame is off the list. Undo brings it back.");
  },

  name_(label, kind) {
    if (!this.ready || label.kind === kind) return;
    label.kind = this.kind = kind;
    this.work.save();
  },

  // Right as it is now, and on to the next.
  accept() {
    if (!this.ready) return;
    const { work } = this;
    this.drop();
    work.chain.then(() => work.save(true));
    if (!work.busy) work.at.state = "corrected";
    this.goOn();
  },

  step(what) {
    if (!this.ready) return;
    if (this.pen?.corners.length) { this.pen.takeBack(); this.view.draw(); return; }
    const { work } = this;
    if (what === "undo" && !work.undo) { this.say("Nothing is left to take back in this frame."); return; }
    if (what === "redo" && !work.redo) { this.say("There is nothing to do again in this frame."); return; }
    work.step(what);
  },

  // -- outlines that the server finds

  // On a new animal, or with the clicks of the chosen one where it was found by clicks.
  seek(place, how) {
    const { work, picked } = this, at = { x: clamp(place.x, 0, this.facts.width - 1), y: clamp(place.y, 0, this.facts.height - 1) };
    if (how !== "new" && !picked) { this.say("Choose an outline first: click it, or press its number."); return; }
    const before = how === "new" ? { on: [], off: [] } : picked.clicks;
    const clicks = before && { on: [...before.on, ...(how === "off" ? [] : [at])], off: [...before.off, ...(how === "off" ? [at] : [])] };
    this.spots = [...(this.spots ?? []), { ...at, beside: how === "off" }];
    work.after(async () => {
      try {
        const mask = clicks ? await this.found(work, clicks)
          : how === "off" ? await this.parted(work, picked, at) : await this.found(work, { on: [at], off: [] });
        if (how !== "new" && !work.labels.includes(picked)) return;
        if (how === "new") this.applyTo(work, null, mask, "new", { takes: false, clicks });
        else if (clicks) this.again(work, picked, mask, clicks);
        else if (how === "off") this.again(work, picked, mask, null);
        else this.applyTo(work, picked, mask, "on", { takes: false });
      } finally { this.spots = this.spots.slice(1); }
    });
  },

  // The chosen outline looked for anew.
  again(work, label, mask, clicks) {
    if (!work.put(label, mask, { takes: false })) { this.note("Nothing would be left of this outline: Del removes it."); return; }
    label.clicks = clicks;
    work.save();
  },

  async found(work, { on = [], off = [], box = null }) {
    const words = (list) => list.map(({ x, y }) => `${x.toFixed(1)},${y.toFixed(1)}`).join(";");
    const query = new URLSearchParams({ frame: work.at.frame, on: words(on), off: words(off), ...(box ? { box: box.join() } : {}) });
    return this.asMask(work, await load(`/data/videos/${work.at.video}/click?${query}`));
  },

  // The part of an outline that is not under the place, where no clicks are known that made it.
  async parted({ at }, { mask }, { x, y }) {
    const { x0, y0, width, height } = mask;
    const body = JSON.stringify({ frame: at.frame, x0, y0, width, height, rle: maskAsText(mask), x, y });
    const response = await fetch(`/data/videos/${at.video}/labels/part`, { method: "POST", body,
      headers: { "Content-Type": "application/json" } });
    if (!response.ok) throw new Error(await reasonOf(response));
    return maskFromRuns(await response.json());
  },

  asMask(work, buffer) {
    const { width, height } = this.videos.get(work.at.video);
    const { polygon, engine } = JSON.parse(new TextDecoder().decode(buffer));
    this.engine = engine;
    const mask = maskOfPolygon(polygon.map(([x, y]) => ({ x, y })), width, height);
    if (!mask) throw new Error("No outline was found there. Click on the middle of the animal.");
    return mask;
  },

  inBox(from, to) {
    const box = [Math.min(from.x, to.x), Math.min(from.y, to.y), Math.max(from.x, to.x), Math.max(from.y, to.y)]
      .map((value) => Number(value.toFixed(1)));
    const { work } = this;
    work.after(async () => {
      this.applyTo(work, null, await this.found(work, { box }), "new", { takes: false });
    });
  },

  // -- pointer

  pointing() {
    const { stage } = this.view;
    stage.onpointerdown = (event) => { this.focus(); this.down(event); };
    stage.onpointermove = (event) => this.move(event);
    stage.onpointerup = (event) => this.up(event);
    stage.onpointercancel = () => { this.held = null; this.view.draw(); };
    stage.onpointerleave = () => { this.over = null; this.view.draw(); };
    stage.oncontextmenu = (event) => event.preventDefault();
    stage.ondblclick = () => { if (this.pen) this.finish(); };
  },

  howOf(event) { return event.shiftKey || event.button === 2 ? "off" : event.ctrlKey || event.metaKey ? "on" : "new"; },

  down(event) {
    if (!this.at) return;
    this.view.stage.setPointerCapture(event.pointerId);
    const place = this.view.place(event);
    if (event.button === 1 || this.spaced) {
      event.preventDefault();
      this.panned = true;
      this.held = { pan: this.view.spot(event) };
      return;
    }
    if (!this.ready) return;
    this.cross = null;
    if (this.pen) { if (event.button === 0) this.pen.pointer("down", place); this.view.draw(); return; }
    this.held = { from: place, spot: this.view.spot(event), how: this.howOf(event), line: [place] };
    if (this.tool === "paint" || this.tool === "erase") this.stroke(place, place);
  },

  move(event) {
    const { held, view } = this, place = this.over = view.place(event);
    if (held?.pan) {
      const spot = view.spot(event);
      view.pan(spot.x - held.pan.x, spot.y - held.pan.y);
      held.pan = spot;
      return;
    }
    if (this.pen) this.pen.pointer("move", place);
    else if (held) {
      const spot = view.spot(event);
      held.dragged ||= Math.hypot(spot.x - held.spot.x, spot.y - held.spot.y) > LABEL_DRAG;
      if (this.tool === "paint" || this.tool === "erase") this.stroke(held.line.at(-1), place);
      held.line.push(place);
    }
    view.draw();
  },

  up(event) {
    const { held, tool } = this, place = this.view.place(event);
    this.held = null;
    if (this.pen) this.pen.pointer("up", place);
    else if (held?.pan || !held) return;
    else if (tool === "paint" || tool === "erase") this.stroked(held);
    else if (tool === "box") { if (held.dragged) this.inBox(held.from, place); }
    else if (held.dragged) this.lasso(held);
    else this.press(held.from, held.how);
    this.view.draw();
  },

  press(place, how) {
    const under = this.work.under(place);
    if (how === "new" && under) this.pick(under === this.picked ? null : under);
    else this.seek(place, how);
  },

  lasso({ line, how }) {
    const { width, height } = this.facts;
    if (how !== "new" && !this.picked) { this.say("Choose an outline first: click it, or press its number."); return; }
    this.apply(maskOfPolygon(line, width, height), how);
  },

  finish() {
    const { pen, picked, work } = this;
    if (!pen) return;
    if (pen.missing) { this.say(pen.missing); return; }
    const mask = maskOfPolygon(pen.corners, this.facts.width, this.facts.height);
    this.drop();
    if (!mask) { this.note("That is smaller than a pixel: draw it larger."); return; }
    const label = picked ?? this.fresh();
    label.clicks = null;
    work.put(label, mask);
    this.picked = label;
    work.save();
  },

  // A brush changes the outline as it goes; it is saved when the button is let go.
  stroke(from, to) {
    const { held, work } = this, { width, height } = this.facts;
    const mask = maskOfStroke(from, to, this.radius, width, height);
    if (!mask) return;
    const erases = this.tool === "erase" || held.how === "off";
    if (erases) {
      held.touched = true;
      const gone = (label) => { work.cut(label, mask); label.clicks = null; };
      if (this.picked) gone(this.picked); else for (const one of [...work.labels]) gone(one);
      if (this.picked && !work.labels.includes(this.picked)) this.picked = null;
      return;
    }
    this.picked ??= this.fresh();
    const label = this.picked;
    label.clicks = null;
    held.touched = true;
    work.put(label, uniteMasks(label.mask, mask));
  },

  stroked(held) {
    if (!held.touched) return;
    this.work.save();
    this.show();
  },

  // -- keys

  key(event) {
    event.stopPropagation(); // Streamlit's own hotkeys (c, r) must not fire while one labels
    if (event.target.matches?.("input:not([type=range]), select, textarea, [contenteditable]")) return;
    if (event.target.matches?.("button") && [" ", "Enter"].includes(event.key)) return;
    if (event.target.matches?.("input") && event.key.startsWith("Arrow")) return;
    if (this.help.key(event)) { event.preventDefault(); return; }
    if (!this.at) return;
    const control = event.ctrlKey || event.metaKey, letter = event.key.toLowerCase();
    if (control && letter === "z") { event.preventDefault(); this.step(event.shiftKey ? "redo" : "undo"); return; }
    if (control && letter === "y") { event.preventDefault(); this.step("redo"); return; }
    if (control || event.altKey) return;
    if (this.pen?.key(event, () => this.finish(), () => { this.drop(); })) {
      event.preventDefault();
      this.show();
      return;
    }
    if (/^[1-9]$/.test(event.key)) { event.preventDefault(); this.number(Number(event.key)); return; }
    const act = this.keyed(event, letter);
    if (!act) return;
    event.preventDefault();
    act();
  },

  keyed(event, letter) {
    const far = event.shiftKey ? 10 : 1;
    const tools = { k: "click", x: "box", m: "draw", b: "paint", e: "erase" };
    if (tools[letter]) return () => this.choose(tools[letter]);
    return {
      n: () => this.go(1), p: () => this.go(-1), enter: () => this.accept(), 0: () => this.clear(),
      a: () => { this.drop(); this.pick(null); }, escape: () => this.escape(),
      delete: () => this.remove(), backspace: () => this.remove(), c: () => this.nextKind(),
      u: () => this.step(event.shiftKey ? "redo" : "undo"),
      "[": () => this.brush(this.radius - Math.max(1, Math.round(this.radius * 0.15))),
      "]": () => this.brush(this.radius + Math.max(1, Math.round(this.radius * 0.15))),
      "+": () => this.view.zoom(1.25), "=": () => this.view.zoom(1.25), "-": () => this.view.zoom(0.8), f: () => this.view.fitIn(),
      h: () => this.unveil(), ",": () => this.peek(-1), ".": () => this.peek(1), " ": () => this.space(event),
      arrowleft: () => this.steer(-far, 0), arrowright: () => this.steer(far, 0),
      arrowup: () => this.steer(0, -far), arrowdown: () => this.steer(0, far),
    }[letter];
  },

  number(n) {
    const { labels } = this.work;
    if (labels[n - 1]) this.pick(labels[n - 1]);
    else { this.pick(null); this.say(`There is no outline ${n} yet: click the animal.`); }
  },

  escape() {
    if (this.held) this.held = null;
    else if (this.pen || this.tool !== "click") { this.drop(); this.tool = "click"; }
    else this.picked = null;
    this.note("");
    this.show();
  },

  nextKind() {
    const { classes } = this;
    if (classes.length < 2) return;
    const kind = classes[(classes.indexOf(this.picked?.kind ?? this.kind) + 1) % classes.length];
    if (this.picked) this.name_(this.picked, kind); else { this.kind = kind; this.say(`The next animal is a ${kind}.`); }
  },

  // A cross that the arrows move; the space bar clicks there.
  steer(dx, dy) {
    const { width, height } = this.facts;
    const at = this.cross ?? this.over ?? { x: width / 2, y: height / 2 };
    this.cross = { x: clamp(Math.round(at.x) + dx, 0, width - 1), y: clamp(Math.round(at.y) + dy, 0, height - 1) };
    this.view.reveal(this.cross);
    this.view.draw();
  },

  space(event) {
    if (event.repeat) return;
    this.spaced = true;
    this.panned = false;
    this.off = event.shiftKey;
  },

  letGo(event) {
    const key = event.key.toLowerCase();
    if (key === " " && this.spaced) {
      this.spaced = false;
      if (!this.panned && this.cross && this.ready) this.press(this.cross, this.off ? "off" : "new");
    }
    if (key === "h" && this.bare) { this.bare = false; this.view.draw(); }
    if ((key === "," || key === ".") && this.peeks) {
      this.peeks = null;
      this.image(this.at).then((image) => this.view.show(image));
    }
  },

  unveil() { this.bare = true; this.view.draw(); },

  // The frame beside, for as long as the key is held: movement tells animals from bedding.
  async peek(way) {
    const frame = this.at.frame + way, { at } = this;
    if (this.peeks || frame < 0 || frame >= this.facts.frames) return;
    this.peeks = way;
    const image = await this.image({ video: at.video, frame }).catch(() => null);
    if (image && this.peeks === way && at === this.at) this.view.show(image);
  },

  // -- over the picture

  paint(pen, unit) {
    const { work, picked } = this, font = getComputedStyle(this.root).fontFamily;
    (work?.labels ?? []).forEach((label, k) => this.paintOutline(pen, unit, label, k, font));
    for (const spot of this.spots ?? []) ReviewClick.prototype.mark(pen, unit, spot);
    if (this.pen) this.pen.draw(pen, unit, colourOf(picked ? work.labels.indexOf(picked) : work.labels.length));
    const { held } = this;
    if (held?.dragged && (this.tool === "click" || this.tool === "box")) this.paintDrag(pen, unit, held);
    if (this.over && (this.tool === "paint" || this.tool === "erase")) this.paintBrush(pen, unit);
    if (this.cross) ReviewOutline.prototype.cross.call({ pen: this.cross }, pen, unit);
  },

  paintOutline(pen, unit, label, k, font) {
    const { mask } = label, colour = colourOf(k), chosen = label === this.picked;
    if (!mask) return;
    mask.path ??= pathOfMask(mask);
    pen.fillStyle = colour;
    pen.globalAlpha = chosen ? 0.4 : 0.25;
    pen.fill(mask.path, "evenodd");
    pen.globalAlpha = 1;
    for (const [ink, wide] of [[chosen ? "#fff" : "rgb(0 0 0 / 60%)", chosen ? 5 : 3.5], [colour, 2]]) {
      pen.strokeStyle = ink;
      pen.lineWidth = wide * unit;
      pen.setLineDash(ink === colour ? dashOf(k, unit) : []);
      pen.stroke(mask.path);
    }
    pen.setLineDash([]);
    const words = [k < 9 ? k + 1 : "", this.classes.length > 1 ? label.kind : ""].filter(Boolean).join(" ");
    if (words) nameMask(pen, words, mask, colour, unit, font, this.facts.width);
  },

  paintDrag(pen, unit, { line, from }) {
    const path = new Path2D(), at = this.over ?? from;
    if (this.tool === "box") path.rect(Math.min(from.x, at.x) + 0.5, Math.min(from.y, at.y) + 0.5, Math.abs(at.x - from.x), Math.abs(at.y - from.y));
    else { for (const { x, y } of line) path.lineTo(x + 0.5, y + 0.5); }
    inkOutline(pen, path, unit, colourOf(this.work.labels.length), this.tool === "box" ? 0 : 0.25);
  },

  paintBrush(pen, unit) {
    const path = new Path2D();
    path.arc(this.over.x + 0.5, this.over.y + 0.5, this.radius, 0, 2 * Math.PI);
    for (const [ink, wide] of [["#000", 3], [this.tool === "erase" ? "#D55E00" : "#fff", 1.4]]) {
      pen.strokeStyle = ink;
      pen.lineWidth = wide * unit;
      pen.stroke(path);
    }
  },
});

function nameMask(pen, words, mask, colour, unit, font, width) {
  label(pen, words, mask.x0 + mask.width / 2, Math.max(mask.y0 - 4 * unit, 18 * unit), colour, unit, font, width);
}

class LabelHelp extends Help {
  constructor(editor) { super({ find: editor.find, root: editor.root, toolbox: { tools: [] } }); }
  get lists() { return [LABEL_KEYS, LABEL_LOOKING]; }
}

const labellers = new WeakMap();

export default function (component) {
  const { data, parentElement } = component;
  if (!labellers.has(parentElement)) labellers.set(parentElement, new LabelEditor(parentElement));
  const editor = labellers.get(parentElement);
  editor.component = component;
  editor.update(data);
  return () => {
    labellers.get(parentElement)?.close();
    labellers.delete(parentElement);
  };
}
