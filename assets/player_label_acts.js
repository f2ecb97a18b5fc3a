// What the editor of labels does to a frame: outlines made, joined, cut, found and named.

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
      work.save();
      this.doubt(work, made);
      return;
    }
    work.save();
  },

  // A click on the floor outlines the floor, or a shadow: that is said, and one press takes it back.
  doubt(work, made) {
    const usual = work.usual(made), times = usual && areaOfMask(made.mask) / usual;
    if (work !== this.work || !times || (times <= LABEL_LARGE && times >= LABEL_SMALL)) return;
    const size = times > 1 ? `${Number(times.toPrecision(2))} times` : `only ${Math.max(Math.round(100 * times), 1)} % of`;
    const why = times > 1 ? "floor, a shadow or a second animal may be in it" : "most of the animal may be missing";
    const undo = labelButton("Undo", "U", () => { this.note(""); this.step("undo"); this.focus(); });
    this.note(`This outline covers ${size} a usual ${made.kind}: ${why}. `, undo);
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
    this.doubt(work, label);
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
});
