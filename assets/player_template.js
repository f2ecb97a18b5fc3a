// A template on the picture: a frame around an apparatus that is dragged, turned and stretched.

const TURN_REACH = 26; // CSS pixels from the upper edge to the handle that turns

class Placing {
  // `made` has regions in cm around (0, 0) and size [width, height] in cm.
  constructor(made, name, place) {
    Object.assign(this, { ...made, name, ...place });
  }

  get regionsHere() { return placed(this.regions, this); }

  // From the template's own axes, in px from its middle, to the picture, and back.
  out(px, py) {
    const a = (this.turn * Math.PI) / 180, c = Math.cos(a), s = Math.sin(a);
    return [this.x + px * c + py * s, this.y - px * s + py * c];
  }

  into([x, y]) {
    const a = (this.turn * Math.PI) / 180, c = Math.cos(a), s = Math.sin(a);
    const [dx, dy] = [x - this.x, y - this.y];
    return [dx * c - dy * s, dx * s + dy * c];
  }

  get half() { return [(this.size[0] * this.sx) / 2, (this.size[1] * this.sy) / 2]; }

  // Handles: where they are, as signs of the half sizes; "turn" stands above the upper edge.
  grips(unit) {
    const [w, h] = this.half;
    const found = [];
    for (const i of [-1, 0, 1]) for (const j of [-1, 0, 1]) {
      if (i || j) found.push({ i, j, at: this.out(i * w, j * h) });
    }
    return [...found, { turn: true, at: this.out(0, -h - TURN_REACH * unit) }];
  }

  grab(at, unit) {
    const near = this.grips(unit).find((grip) => apart(grip.at, at) <= 9 * unit);
    const [w, h] = this.half, [px, py] = this.into(at);
    if (!near && (Math.abs(px) > w || Math.abs(py) > h)) return false;
    this.held = { grip: near ?? { move: true }, at, before: { ...this } };
    return true;
  }

  drag(at, even) {
    const { grip, at: from, before } = this.held;
    if (grip.move) {
      this.x = before.x + at[0] - from[0];
      this.y = before.y + at[1] - from[1];
    } else if (grip.turn) {
      const turn = (Math.atan2(-(at[0] - this.x), -(at[1] - this.y)) * 180) / Math.PI;
      this.turn = even ? Math.round(turn / 15) * 15 : Math.round(turn * 10) / 10;
    } else this.stretch(grip, at, before);
  }

  // A corner scales both sides alike, an edge only its own; what lies opposite stays.
  stretch({ i, j }, at, before) {
    const old = new Placing(this, this.name, before);
    const [w, h] = old.half, [px, py] = old.into(at);
    let fx = i ? Math.max((i * px + w) / (2 * w), 0.05) : 1;
    let fy = j ? Math.max((j * py + h) / (2 * h), 0.05) : 1;
    if (i && j) fx = fy = Math.max(fx, fy);
    this.sx = before.sx * fx;
    this.sy = before.sy * fy;
    [this.x, this.y] = old.out(i * w * (fx - 1), j * h * (fy - 1));
  }

  nudge(dx, dy) { this.x += dx; this.y += dy; }
  grow(factor) { this.sx *= factor; this.sy *= factor; }

  draw(pen, unit, font) {
    const [w, h] = this.half;
    for (const region of this.regionsHere) drawRegion(pen, region, unit, font);
    pen.strokeStyle = PICKED;
    pen.lineWidth = 1.6 * unit;
    const ring = [[-w, -h], [w, -h], [w, h], [-w, h]].map((p) => this.out(...p));
    pen.beginPath();
    for (const [x, y] of ring) pen.lineTo(x + 0.5, y + 0.5);
    pen.closePath();
    const [tx, ty] = this.out(0, -h), [rx, ry] = this.grips(unit).at(-1).at;
    pen.moveTo(tx + 0.5, ty + 0.5);
    pen.lineTo(rx + 0.5, ry + 0.5);
    pen.stroke();
    for (const grip of this.grips(unit)) drawHandle(pen, grip.at, unit, { round: grip.turn });
  }
}

function drawHandle(pen, [x, y], unit, { round = false, full = false } = {}) {
  const size = (full ? 5.5 : 4.5) * unit;
  pen.beginPath();
  if (round) pen.arc(x + 0.5, y + 0.5, size, 0, 2 * Math.PI);
  else pen.rect(x + 0.5 - size, y + 0.5 - size, 2 * size, 2 * size);
  pen.fillStyle = full ? PICKED : "#fff";
  pen.strokeStyle = "#111";
  pen.lineWidth = 1.4 * unit;
  pen.fill();
  pen.stroke();
}
