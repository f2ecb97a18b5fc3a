// The large picture: zoom and pan, and the outlines drawn over it.

const VIEW_MOST = 40; // CSS px for one video px
const VIEW_PIXELS = 4; // from so large on, pixels are shown as squares

class LabelView {
  constructor(editor) {
    this.editor = editor;
    [this.stage, this.picture, this.marks] = [".label-stage", ".label-picture", ".label-marks"].map(editor.find);
    Object.assign(this, { image: null, scale: 1, x: 0, y: 0, whole: true, light: 1 });
    this.seen = new ResizeObserver(() => { if (this.whole) this.fitIn(); else this.draw(); });
    this.seen.observe(this.stage);
    this.stage.addEventListener("wheel", (event) => {
      event.preventDefault();
      this.zoom(1.0015 ** -event.deltaY, this.spot(event));
    }, { passive: false });
  }

  close() { this.seen.disconnect(); }

  get size() { return [this.stage.clientWidth, this.stage.clientHeight]; }
  get unit() { return 1 / this.scale; } // one CSS pixel in video pixels

  spot(event) {
    const box = this.stage.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  }

  // Where a pointer is, in video pixels; whole numbers are the centres of pixels.
  place(event) {
    const { x, y } = this.spot(event);
    return { x: (x - this.x) / this.scale - 0.5, y: (y - this.y) / this.scale - 0.5 };
  }

  get least() {
    const { width, height } = this.editor.facts, [wide, high] = this.size;
    return Math.min(wide / width, high / height);
  }

  fitIn() {
    if (!this.editor.facts) return;
    const { width, height } = this.editor.facts, [wide, high] = this.size;
    this.scale = this.least;
    [this.x, this.y] = [(wide - width * this.scale) / 2, (high - height * this.scale) / 2];
    this.whole = true;
    this.draw();
  }

  zoom(by, at = { x: this.size[0] / 2, y: this.size[1] / 2 }) {
    const scale = clamp(this.scale * by, this.least, VIEW_MOST), grown = scale / this.scale;
    if (scale <= this.least * 1.001) { this.fitIn(); return; }
    this.whole = false;
    Object.assign(this, { scale, x: at.x - (at.x - this.x) * grown, y: at.y - (at.y - this.y) * grown });
    this.hold();
  }

  pan(dx, dy) {
    this.x += dx;
    this.y += dy;
    this.hold();
  }

  // The picture never leaves the stage.
  hold() {
    const { width, height } = this.editor.facts, [wide, high] = this.size;
    const kept = (at, room, long) => (long <= room ? (room - long) / 2 : clamp(at, room - long, 0));
    this.x = kept(this.x, wide, width * this.scale);
    this.y = kept(this.y, high, height * this.scale);
    this.draw();
  }

  // Move the view so far that a place is seen.
  reveal({ x, y }) {
    const [wide, high] = this.size, edge = 30;
    const at = [x * this.scale + this.x, y * this.scale + this.y];
    const by = (value, room) => (value < edge ? edge - value : value > room - edge ? room - edge - value : 0);
    if (!this.whole) this.pan(by(at[0], wide), by(at[1], high));
  }

  show(image) {
    this.image = image;
    this.draw();
  }

  draw() {
    if (!this.editor.facts || !this.stage.clientWidth) return;
    this.paint();
    const pen = fit(this.marks, ...this.size);
    pen.translate(this.x, this.y);
    pen.scale(this.scale, this.scale); // from here on in video pixels
    pen.lineJoin = pen.lineCap = "round";
    if (!this.editor.bare) this.editor.paint(pen, this.unit);
  }

  paint() {
    const pen = fit(this.picture, ...this.size), { width, height } = this.editor.facts;
    this.picture.style.filter = this.light === 1 ? "" : `brightness(${this.light})`;
    if (!this.image) return;
    pen.imageSmoothingEnabled = this.scale < VIEW_PIXELS;
    pen.drawImage(this.image, this.x, this.y, width * this.scale, height * this.scale);
  }
}
