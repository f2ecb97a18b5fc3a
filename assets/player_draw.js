// Drawing regions and the scale on the picture, with the mouse or with the keys alone.

const MODES = { v: "select", p: "polygon", r: "rectangle", c: "circle", l: "line", o: "point", k: "outline", s: "scale" };
const DRAW_KEYS = [["V", "pick regions"], ["P R C L O", "draw a polygon, rectangle, circle, line, point"], ["K", "outline an object by a click"],
  ["S", "set the scale"], ["Space", "while drawing: set a corner at the cross"], ["Enter", "close the shape; name it"],
  ["Esc", "start over, let go"], ["arrows", "move what is picked by a pixel, with Shift by ten"], ["[ ]", "the next region"],
  ["N", "the next corner"], ["Del", "remove"], ["Ctrl Z", "undo; with Shift redo"]];

class DrawTool extends Drawing {
  keys = DRAW_KEYS;

  // -- pointer

  pointer(type, { x, y }, event) {
    const at = this.inPicture([x, y]);
    if (type === "down" && event.button !== 0) return false;
    if (this.placing) return this.pointTemplate(type, [x, y], event);
    if (this.mode === "outline") return this.pointOutline(type, at);
    if (this.drawing) return this.pointDraft(type, at);
    return this.pointSelect(type, at);
  }

  pointTemplate(type, at, event) {
    if (type === "down") this.placing.grab(at, this.unit);
    if (type === "move" && this.placing.held) this.placing.drag(at, event.shiftKey);
    if (type === "up") this.placing.held = null;
    if (type !== "move" || this.placing.held) this.show();
    return true;
  }

  pointOutline(type, at) {
    if (type === "down") this.seekOutline(at);
    if (type === "move") { this.cursor = at; this.player.draw(); }
    return true;
  }

  // A rectangle, a circle or a length may be dragged or clicked at both ends.
  pointDraft(type, at) {
    this.cursor = at;
    const two = ["rectangle", "circle"].includes(this.kind) || this.mode === "scale";
    if (type === "down") {
      const points = this.draft?.points ?? [];
      const closes = !two && points.length > 2 && this.kind === "polygon"
        && apart(points[0], at) <= REACH * this.unit;
      if (this.mode === "scale" && this.form.asking) this.form.drop();
      if (closes) this.finish(); else this.put(at);
      this.pressed = this.draft && at;
    } else if (type === "up") {
      const dragged = this.pressed && apart(this.pressed, at) > 4 * this.unit;
      if (two && dragged && this.draft?.points.length === 1) this.put(at);
      this.pressed = null;
    } else if (type === "double" && !two) {
      const points = this.draft?.points ?? [];
      const n = points.length;
      if (n > 1 && apart(points[n - 1], points[n - 2]) <= 4 * this.unit) points.pop();
      if (n) this.finish();
    } else if (type === "move") this.player.draw();
    return true;
  }

  pointSelect(type, at) {
    const reach = REACH * this.unit, { shape } = this;
    if (type === "down") return this.grab(at, reach);
    if (type === "move") {
      if (this.held) { this.drag(at); return true; }
      this.hover(at, reach);
      return false;
    }
    if (type === "double" && shape && this.vertex === null) {
      const edge = edgeAt(shape, at, reach);
      if (edge < 0) return Boolean(shape);
      shape.points.splice(edge + 1, 0, at);
      this.vertex = edge + 1;
      this.save(shape, shape.name);
      this.show();
      return true;
    }
    if (type !== "up" || !this.held) return type === "double";
    const { before, shape: one } = this.held;
    this.held = null;
    if (JSON.stringify(before) !== JSON.stringify(one.points)) this.save(one, one.name);
    this.show();
    return true;
  }

  grab(at, reach) {
    this.settle();
    const { shape } = this;
    const grip = shape ? handles(shape).findIndex((point) => apart(point, at) <= reach) : -1;
    const hit = grip >= 0 ? shape : this.hit(at, reach);
    const before = this.picked;
    this.pick(hit?.name ?? null);
    if (hit) {
      this.vertex = grip >= 0 ? grip : null;
      this.held = { shape: hit, grip, from: at, before: hit.points.map((point) => [...point]) };
    }
    this.show();
    return Boolean(hit || before);
  }

  // The smallest shape at a place, so that what lies in an arena can be picked.
  hit(at, reach) {
    const near = this.shapes.filter((one) => distanceTo(one, at) <= reach);
    return near.sort((a, b) => areaOf(a) - areaOf(b))[0] ?? null;
  }

  hover(at, reach) {
    const { shape } = this;
    const grip = shape && handles(shape).some((point) => apart(point, at) <= reach);
    this.player.find(".stage").style.cursor = grip ? "move" : this.hit(at, reach) ? "pointer" : "";
  }

  drag(at) {
    const { shape, grip, from, before } = this.held;
    const [dx, dy] = [at[0] - from[0], at[1] - from[1]];
    shape.points = grip < 0 ? moved(before, dx, dy)
      : withHandle({ ...shape, points: before }, grip, at);
    this.show();
  }

  // -- keys

  key(event) {
    const control = event.ctrlKey || event.metaKey, letter = event.key.toLowerCase();
    if (control && letter === "z") { this.undo(event.shiftKey ? "redo" : "undo"); return true; }
    if (control && letter === "y") { this.undo("redo"); return true; }
    if (control || event.altKey) return false;
    if (event.key === "Escape") { this.cancel(); return true; }
    if (MODES[letter] && event.key.length === 1) { this.choose(MODES[letter]); return true; }
    const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    const by = step?.map((value) => value * (event.shiftKey ? 10 : 1));
    if (this.placing) return this.keyTemplate(event.key, by);
    return this.drawing ? this.keyDraft(event.key, by) : this.keySelect(event.key, by);
  }

  keyTemplate(key, by) {
    if (by) this.placing.nudge(...by);
    else if (key === "[" || key === "]") this.placing.turn += key === "[" ? 1 : -1;
    else if (key === "+" || key === "=" || key === "-") this.placing.grow(key === "-" ? 1 / 1.01 : 1.01);
    else if (key === "Enter") this.form.makeTemplate();
    else return false;
    this.show();
    return true;
  }

  keyDraft(key, by) {
    if (this.mode === "outline" && (key === " " || key === "Enter")) {
      this.start();
      this.draft = null;
      this.seekOutline(this.cursor);
    } else if (by) {
      this.start();
      this.cursor = this.inPicture([this.cursor[0] + by[0], this.cursor[1] + by[1]]);
      if (!this.draft.points.length) this.cursor = this.cursor.map(Math.round);
      if (this.mode === "outline") this.draft = null;
    } else if (key === " ") { this.start(); this.put(this.cursor); }
    else if (key === "Enter") this.finish();
    else if (key === "Backspace" || key === "Delete") this.draft?.points.pop();
    else return false;
    this.show();
    return true;
  }

  keySelect(key, by) {
    const { shape } = this;
    if (key === "[" || key === "]") return this.pickNext(key === "]" ? 1 : -1);
    if (!shape) return false;
    if (by) this.nudge(by);
    else if (key === "Delete" || key === "Backspace") this.dropPicked();
    else if (key === "Enter") this.form.focusName();
    else if (key === "n") {
      const count = handles(shape).length;
      this.vertex = this.vertex === null ? 0 : (this.vertex + 1) % count;
    } else return false;
    this.show();
    return true;
  }

  pickNext(by) {
    if (!this.shapes.length) return false;
    this.settle();
    const at = this.shapes.indexOf(this.shape), count = this.shapes.length;
    this.pick(this.shapes[at < 0 ? (by > 0 ? 0 : count - 1) : (at + by + count) % count].name);
    this.show();
    return true;
  }

  nudge([dx, dy]) {
    const { shape } = this;
    if (this.vertex === null) shape.points = moved(shape.points, dx, dy);
    else {
      const [x, y] = handles(shape)[this.vertex];
      shape.points = withHandle(shape, this.vertex, [round2(x + dx), round2(y + dy)]);
    }
    this.nudged = shape;
    this.settleSoon();
  }

  // A corner goes if enough of them stay; otherwise the shape does.
  dropPicked() {
    const { shape } = this;
    const loose = ["polygon", "line"].includes(shape.kind) && shape.points.length > LEAST[shape.kind];
    if (this.vertex === null || !loose) return this.remove();
    this.settle();
    shape.points.splice(this.vertex, 1);
    this.vertex = null;
    return this.save(shape, shape.name);
  }
}

TOOLS.draw = DrawTool;
