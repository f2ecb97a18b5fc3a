// What the editor of labels draws over its picture: outlines, lines under way, the brush.

Object.assign(LabelEditor.prototype, {
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
