// Saying where an animal is in one frame: a click, or a cross moved by the arrow keys.

class ReviewMove extends ReviewOutline {
  get missing() { return ""; }
  words(name) {
    return `Click where the centre of ${name} is (keys: arrows, Enter). Its outline and body points in this frame are taken off. Esc leaves.`;
  }

  ends(type) { return type === "up" && this.held; }

  pointer(type, at) {
    this.keyed = false;
    if (type === "down") this.held = true;
    this.pen = at;
  }

  key(event, finish, leave) {
    if (event.key === "Backspace") return true;
    if (event.key === " ") { finish(); return true; }
    return super.key(event, finish, leave);
  }

  edit(animal) {
    const { width, height } = this.player.facts, { x, y } = this.pen;
    const inside = (value, size) => Number(clamp(value, 0, size - 1).toFixed(2));
    return ["tracks.move", { animal, frame: this.frame, x_px: inside(x, width), y_px: inside(y, height) }];
  }

  draw(pen, unit, colour) {
    reviewRing(pen, this.pen.x, this.pen.y, 9 * unit, unit, colour, []);
    this.cross(pen, unit);
  }
}
