// Drawing an animal's outline anew in one frame: corners by click or key, or a line with the button held.

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
    } else if (event.key === " ") this.add(this.pen);
    else if (event.key === "Backspace") this.corners.pop();
    else if (event.key === "Enter") finish();
    else if (event.key === "Escape") leave();
    else return false;
    return true;
  }

  draw(pen, unit, colour) {
    const { corners } = this, path = new Path2D();
    for (const { x, y } of corners) path.lineTo(x + 0.5, y + 0.5);
    if (!this.held) path.lineTo(this.pen.x + 0.5, this.pen.y + 0.5);
    pen.fillStyle = colour;
    pen.globalAlpha = 0.3;
    pen.fill(path, "evenodd");
    pen.globalAlpha = 1;
    for (const [ink, wide] of [["rgb(0 0 0 / 70%)", 3.5], ["#fff", 1.5]]) {
      pen.strokeStyle = ink;
      pen.lineWidth = wide * unit;
      pen.stroke(path);
    }
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
