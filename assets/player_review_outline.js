// Drawing an animal's outline anew in one frame: corners by click or key, or a line with the button held.

// A filled path with a white line on a dark one, seen on any picture.
function inkOutline(pen, path, unit, colour, alpha) {
  pen.fillStyle = colour;
  pen.globalAlpha = alpha;
  pen.fill(path, "evenodd");
  pen.globalAlpha = 1;
  for (const [ink, wide] of [["rgb(0 0 0 / 70%)", 3.5], ["#fff", 1.5]]) {
    pen.strokeStyle = ink;
    pen.lineWidth = wide * unit;
    pen.stroke(path);
  }
}

class ReviewOutline {
  constructor(player, animal) {
    const at = player.overlay?.at(player.frame)?.position(player.frame, animal.id);
    const { width, height } = player.facts;
    Object.assign(this, { player, animal, frame: player.frame, corners: [], held: false,
      pen: at ? { x: at.x, y: at.y } : { x: width / 2, y: height / 2 }, keyed: false });
  }

  polygon() { return this.corners.map(({ x, y }) => [Number(x.toFixed(2)), Number(y.toFixed(2))]); }

  add(at) {
    const { width, height } = this.player.facts;
    this.corners.push({ x: clamp(at.x, -0.5, width - 0.5), y: clamp(at.y, -0.5, height - 0.5) });
  }

  takeBack() { this.corners.pop(); }

  // Which event of the pointer ends it, and the edit that it is then.
  ends(type) { return type === "double"; }
  edit(animal) { return ["tracks.mask", { animal, frame: this.frame, polygon: this.polygon() }]; }

  // What ends it: a double click does, where corners are drawn.
  get missing() { return this.corners.length < 3 ? "An outline needs three corners or more." : ""; }
  words(name) {
    return `Around ${name}: click corners or draw with the button held (keys: arrows and Space). Enter ends it, Backspace takes a corner back, Esc leaves.`;
  }
  close() {}

  pointer(type, at) {
    this.keyed = false;
    if (type === "down") { this.held = true; this.add(at); }
    if (type === "up") this.held = false;
    if (type === "move" && this.held) {
      const last = this.corners.at(-1);
      if (Math.hypot(at.x - last.x, at.y - last.y) >= 1.5) this.add(at);
    }
    this.pen = at;
  }

  // Arrows move a cross, the space bar sets a corner; Enter ends it, Backspace takes a corner back.
  key(event, finish, leave) {
    if (event.ctrlKey || event.metaKey || event.altKey) return false;
    const far = event.shiftKey ? 10 : 1;
    const move = { ArrowLeft: [-far, 0], ArrowRight: [far, 0], ArrowUp: [0, -far], ArrowDown: [0, far] }[event.key];
    if (move) {
      this.keyed = true;
      this.pen = { x: this.pen.x + move[0], y: this.pen.y + move[1] };
    } else if (event.key === " ") this.add(this.pen, event);
    else if (event.key === "Backspace") this.takeBack();
    else if (event.key === "Enter") finish();
    else if (event.key === "Escape") leave();
    else return false;
    return true;
  }

  draw(pen, unit, colour) {
    const { corners } = this, path = new Path2D();
    for (const { x, y } of corners) path.lineTo(x + 0.5, y + 0.5);
    if (!this.held) path.lineTo(this.pen.x + 0.5, this.pen.y + 0.5);
    inkOutline(pen, path, unit, colour, 0.3);
    pen.fillStyle = "#fff";
    for (const { x, y } of corners.length > 60 ? corners.slice(0, 1) : corners) {
      pen.fillRect(x + 0.5 - 2.5 * unit, y + 0.5 - 2.5 * unit, 5 * unit, 5 * unit);
    }
    if (this.keyed || !corners.length) this.cross(pen, unit);
  }

  cross(pen, unit) {
    const { x, y } = this.pen, path = new Path2D();
    for (const [dx, dy] of [[9, 0], [0, 9]]) {
      path.moveTo(x + 0.5 - dx * unit, y + 0.5 - dy * unit);
      path.lineTo(x + 0.5 + dx * unit, y + 0.5 + dy * unit);
    }
    for (const [ink, wide] of [["#000", 3], ["#fff", 1.2]]) {
      pen.strokeStyle = ink;
      pen.lineWidth = wide * unit;
      pen.stroke(path);
    }
  }
}

// The outline that the server finds under clicks: on the animal, and beside it with Shift or the right button.
class ReviewClick extends ReviewOutline {
  constructor(player, animal, changed) {
    super(player, animal);
    Object.assign(this, { changed, clicks: [], asked: 0, trouble: "", engine: player.facts.clicks });
    this.stage = player.find(".stage");
    this.beside = (event) => {
      event.preventDefault();
      this.keyed = false;
      this.add(player.place(event), event, true);
    };
    this.stage.addEventListener("contextmenu", this.beside);
  }

  close() {
    this.closed = true;
    this.stage.removeEventListener("contextmenu", this.beside);
  }

  add(at, event, beside = event?.shiftKey) {
    const { width, height } = this.player.facts;
    this.clicks.push({ x: clamp(at.x, 0, width - 1), y: clamp(at.y, 0, height - 1), beside: Boolean(beside) });
    this.ask();
  }

  ends() { return false; }
  takeBack() { this.clicks.pop(); this.ask(); }

  pointer(type, at, event) {
    this.keyed = false;
    this.pen = at;
    if (type === "down" && event.button === 0) this.add(at, event);
  }

  // Only the answer to the newest clicks counts.
  async ask() {
    const order = ++this.asked, { player, clicks } = this;
    const said = (beside) => clicks.filter((click) => click.beside === beside)
      .map(({ x, y }) => `${x.toFixed(1)},${y.toFixed(1)}`).join(";");
    Object.assign(this, { corners: [], trouble: "", wanted: false });
    this.waiting = Boolean(said(false));
    if (this.waiting) {
      this.changed();
      const query = new URLSearchParams({ frame: this.frame, on: said(false), off: said(true) });
      try {
        const found = JSON.parse(new TextDecoder().decode(await load(`${player.facts.urls.click}?${query}`)));
        if (order !== this.asked || this.closed) return;
        this.corners = found.polygon.map(([x, y]) => ({ x, y }));
        this.engine = found.engine;
      } catch (error) {
        if (order !== this.asked || this.closed) return;
        this.trouble = error.message;
      }
      this.waiting = false;
    }
    this.changed();
  }

  get missing() {
    if (this.waiting) return "The outline is still being looked for.";
    return this.corners.length < 3 ? this.trouble || "Click on the animal first." : "";
  }

  words(name) {
    const state = this.waiting ? "Looking…" : this.trouble
      || (this.corners.length ? "Enter takes this outline." : `Click on ${name}.`);
    return `${state} Shift + click (or the right button) says what is not ${name}; keys: arrows, Space, Shift + Space. Backspace takes a click back, Esc drops it. Found by: ${this.engine}.`;
  }

  draw(pen, unit, colour) {
    const { corners } = this, path = new Path2D();
    for (const { x, y } of corners) path.lineTo(x + 0.5, y + 0.5);
    path.closePath();
    inkOutline(pen, path, unit, colour, 0.45);
    for (const click of this.clicks) this.mark(pen, unit, click);
    if (this.keyed || !this.clicks.length) this.cross(pen, unit);
  }

  // A plus on the animal, a minus beside it.
  mark(pen, unit, { x, y, beside }) {
    pen.beginPath();
    pen.arc(x + 0.5, y + 0.5, 7 * unit, 0, 2 * Math.PI);
    pen.fillStyle = beside ? "#D55E00" : "#0072B2";
    pen.strokeStyle = "#fff";
    pen.lineWidth = 1.5 * unit;
    pen.fill();
    pen.stroke();
    pen.fillStyle = "#fff";
    pen.fillRect(x + 0.5 - 4 * unit, y + 0.5 - unit, 8 * unit, 2 * unit);
    if (!beside) pen.fillRect(x + 0.5 - unit, y + 0.5 - 4 * unit, 2 * unit, 8 * unit);
  }
}
