// The timeline: one row of bars for each behaviour and animal, with the playhead.

const ROW = 19, AXIS = 22, GUTTER = 178, EDGE = 14;

class Timeline {
  constructor(canvas, axis, tip, seek) {
    Object.assign(this, { canvas, axis, tip, rows: [], frame: 0 });
    canvas.onpointerdown = (event) => {
      canvas.setPointerCapture(event.pointerId);
      seek(this.hit(event)?.start_frame ?? this.frameAt(event));
    };
    canvas.onpointermove = (event) => {
      if (event.buttons & 1) seek(this.frameAt(event));
      this.point(event);
    };
    canvas.onpointerleave = () => { tip.hidden = true; };
  }

  set(facts) {
    this.facts = facts;
    const rows = new Map();
    for (const bout of facts.bouts) {
      const who = [bout.subject, bout.target].filter(Boolean).join(" → ");
      const label = [bout.behaviour, who].filter(Boolean).join(" · ");
      if (!rows.has(label)) rows.set(label, { label, bouts: [], colour: this.colour(bout, rows.size) });
      rows.get(label).bouts.push(bout);
    }
    this.rows = [...rows.values()].sort((a, b) => a.label.localeCompare(b.label, "en", { numeric: true }));
    this.draw();
  }

  colour(bout, order) {
    const index = this.facts.animals.findIndex((animal) => animal.name === bout.subject);
    return colourOf(index >= 0 ? index : order);
  }

  get width() { return this.canvas.clientWidth - GUTTER - EDGE; }
  x(frame) { return GUTTER + (frame / this.facts.frames) * this.width; }

  frameAt(event) {
    const share = (event.offsetX - GUTTER) / this.width;
    return clamp(Math.floor(share * this.facts.frames), 0, this.facts.frames - 1);
  }

  hit(event) {
    const row = this.rows[Math.floor(event.offsetY / ROW)];
    return row?.bouts.find((b) => event.offsetX >= this.x(b.start_frame) - 2
      && event.offsetX <= Math.max(this.x(b.stop_frame), this.x(b.start_frame) + 2) + 2);
  }

  point(event) {
    const bout = this.hit(event), frame = this.frameAt(event);
    const seconds = (f) => `${this.seconds(f).toFixed(2)} s`;
    this.tip.textContent = bout
      ? `${bout.behaviour}: ${seconds(bout.start_frame)} to ${seconds(bout.stop_frame)}, `
        + `frames ${bout.start_frame} to ${bout.stop_frame - 1}`
      : `${seconds(frame)}, frame ${frame}`;
    const box = this.canvas.closest(".player").getBoundingClientRect();
    this.tip.hidden = false;
    const room = box.width - this.tip.offsetWidth - 4;
    this.tip.style.left = `${clamp(event.clientX - box.left + 12, 0, room)}px`;
    this.tip.style.top = `${event.clientY - box.top - 34}px`;
  }

  seconds(frame) {
    const { times } = this;
    return times && frame < times.length ? times[frame] : this.facts.duration;
  }

  draw() {
    if (!this.facts) return;
    const { canvas, axis } = this;
    const height = Math.max(this.rows.length, 1) * ROW;
    canvas.style.height = `${height}px`;
    canvas.closest(".player").style.setProperty("--rows", `${Math.min(height, 9.5 * ROW)}px`);
    const ink = getComputedStyle(canvas).color;
    const pen = fit(canvas, canvas.clientWidth, height);
    pen.font = "12px " + getComputedStyle(canvas).fontFamily;
    pen.textBaseline = "middle";
    this.rows.forEach((row, k) => this.drawRow(pen, row, k, ink));
    if (!this.rows.length) this.drawEmpty(pen, ink);
    pen.fillStyle = "#D7263D";
    pen.fillRect(this.x(this.frame + 0.5) - 1, 0, 2, height);
    const below = fit(axis, axis.clientWidth, AXIS);
    below.font = pen.font;
    below.textBaseline = "middle";
    this.drawAxis(below, ink);
  }

  drawRow(pen, row, k, ink) {
    const y = k * ROW;
    pen.fillStyle = ink;
    pen.fillText(shorten(pen, row.label, GUTTER - 14), 2, y + ROW / 2);
    pen.globalAlpha = 0.07;
    pen.fillRect(GUTTER, y + 3, this.width, ROW - 6);
    pen.globalAlpha = 1;
    pen.fillStyle = row.colour;
    for (const bout of row.bouts) {
      const left = this.x(bout.start_frame);
      pen.fillRect(left, y + 3, Math.max(this.x(bout.stop_frame) - left, 2), ROW - 6);
    }
  }

  drawEmpty(pen, ink) {
    pen.fillStyle = ink;
    pen.globalAlpha = 0.6;
    pen.fillText("No behaviours yet: ask a question and save its bouts.", GUTTER + 6, ROW / 2);
    pen.globalAlpha = 0.07;
    pen.fillRect(GUTTER, 3, this.width, ROW - 6);
    pen.globalAlpha = 1;
  }

  drawAxis(pen, ink) {
    const { duration } = this.facts;
    const steps = [0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 21600];
    const step = steps.find((s) => (s / duration) * this.width >= 70) ?? 43200;
    pen.fillStyle = ink;
    pen.globalAlpha = 0.7;
    pen.textAlign = "center";
    for (let second = 0; second <= duration; second += step) {
      const x = GUTTER + (second / duration) * this.width;
      pen.fillRect(x, 0, 1, 4);
      pen.fillText(clock(second, step), x, 13);
    }
    pen.textAlign = "left";
    pen.globalAlpha = 1;
  }
}

function clock(seconds, step = 1) {
  const minutes = Math.floor(seconds / 60), rest = seconds - 60 * minutes;
  return `${minutes}:${step < 1 ? rest.toFixed(1).padStart(4, "0") : String(Math.round(rest)).padStart(2, "0")}`;
}

function shorten(pen, text, width) {
  if (pen.measureText(text).width <= width) return text;
  let cut = text.length;
  while (cut > 1 && pen.measureText(text.slice(0, cut) + "…").width > width) cut--;
  return text.slice(0, cut) + "…";
}

// Give a canvas the screen's real pixels and return a pen that draws in CSS pixels.
function fit(canvas, width, height) {
  const ratio = window.devicePixelRatio || 1;
  const [w, h] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== w || canvas.height !== h) Object.assign(canvas, { width: w, height: h });
  const pen = canvas.getContext("2d");
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.clearRect(0, 0, width, height);
  return pen;
}
