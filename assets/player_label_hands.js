// Where the pointer goes and which key is pressed, in the editor of labels.

Object.assign(LabelEditor.prototype, {
  // -- pointer

  pointing() {
    const { stage } = this.view;
    stage.onpointerdown = (event) => { this.focus(); this.down(event); };
    stage.onpointermove = (event) => this.move(event);
    stage.onpointerup = (event) => this.up(event);
    stage.onpointercancel = () => { this.held = null; this.view.draw(); };
    stage.onpointerleave = () => { this.over = null; this.view.draw(); };
    stage.oncontextmenu = (event) => event.preventDefault();
    // a press on what is told over the picture is none on the picture
    this.find(".note").onpointerdown = (event) => event.stopPropagation();
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
    this.doubt(work, label);
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
});
