// What the tracks say about the frame on the screen, drawn over it.

const TRAIL_S = 2, TRAIL_STEPS = 90; // a trail never takes more strokes than that

class Picture {
  constructor(player) { this.player = player; }

  // The pen works in video pixels; a pixel's centre lies at + 0.5.
  draw(pen, unit, chunk, animals) {
    const { show, facts, frame, hidden } = this.player;
    const font = getComputedStyle(this.player.root).fontFamily;
    if (show.regions) for (const region of facts.regions) drawRegion(pen, region, unit, font);
    if (!chunk) return;
    const seen = animals.filter((animal) => !hidden.has(animal.id));
    const byId = new Map(seen.map((animal) => [animal.id, animal]));
    if (show.masks) this.masks(pen, chunk, byId, unit);
    if (show.trails) for (const animal of seen) this.trail(pen, animal, unit);
    if (show.points) this.points(pen, chunk, byId, unit);
    if (show.ids) for (const animal of seen) this.name(pen, chunk, animal, unit, font);
    pen.canvas.dataset.frame = frame; // which frame's tracks are drawn
  }

  masks(pen, chunk, byId, unit) {
    for (const i of chunk.rows(chunk.maskStarts, this.player.frame)) {
      const animal = byId.get(chunk.mask_animal[i]);
      if (!animal) continue;
      const path = chunk.outline(i);
      pen.fillStyle = pen.strokeStyle = animal.colour;
      pen.globalAlpha = 0.38;
      pen.fill(path, "evenodd");
      pen.globalAlpha = 1;
      pen.lineWidth = 2 * unit;
      pen.setLineDash(dashOf(animal.order, unit));
      pen.stroke(path);
      pen.setLineDash([]);
    }
  }

  trail(pen, animal, unit) {
    const { frame, overlay, times } = this.player;
    const first = frameAtTime(times, times[frame] - TRAIL_S);
    const step = Math.max(1, Math.ceil((frame - first) / TRAIL_STEPS));
    pen.strokeStyle = animal.colour;
    pen.lineWidth = 2.2 * unit;
    pen.lineCap = "butt"; // round ends would show as beads where they overlap
    let last = null;
    for (let at = frame - Math.floor((frame - first) / step) * step; at <= frame; at += step) {
      const here = overlay.at(at)?.position(at, animal.id) ?? null;
      if (last && here) {
        pen.globalAlpha = 0.05 + 0.85 * ((at - first) / (frame - first)) ** 1.5;
        pen.beginPath();
        pen.moveTo(last.x + 0.5, last.y + 0.5);
        pen.lineTo(here.x + 0.5, here.y + 0.5);
        pen.stroke();
      }
      last = here;
    }
    pen.globalAlpha = 1;
  }

  // The nose in white; every other point of the body in the animal's colour.
  points(pen, chunk, byId, unit) {
    const nose = chunk.names.indexOf("nose");
    pen.strokeStyle = "#111";
    pen.lineWidth = 1.5 * unit;
    for (const i of chunk.rows(chunk.pointStarts, this.player.frame)) {
      const animal = byId.get(chunk.point_animal[i]);
      if (!animal || Number.isNaN(chunk.point_x[i])) continue;
      const front = chunk.point_name[i] === nose;
      pen.beginPath();
      pen.arc(chunk.point_x[i] + 0.5, chunk.point_y[i] + 0.5, (front ? 3.5 : 3) * unit, 0, 2 * Math.PI);
      pen.fillStyle = front ? "#fff" : animal.colour;
      pen.fill();
      pen.stroke();
    }
  }

  name(pen, chunk, animal, unit, font) {
    const { frame, facts } = this.player;
    const at = chunk.position(frame, animal.id);
    if (!at) return;
    let top = at.y - 14 * unit;
    for (const i of chunk.rows(chunk.maskStarts, frame)) {
      if (chunk.mask_animal[i] === animal.id) top = chunk.mask_y0[i] - 5 * unit;
    }
    label(pen, animal.name, at.x + 0.5, Math.max(top, 20 * unit), animal.colour, unit, font, facts.width);
  }
}

// The frame that is on the screen at a time: the last one that starts at or before it.
function frameAtTime(times, time) {
  let low = 0, high = times.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (times[middle] <= time) low = middle; else high = middle - 1;
  }
  return low;
}
