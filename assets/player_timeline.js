// The timeline: rows of bars under the video, with the playhead; zoomed, panned and edited by mouse.

const ROW = 19, AXIS = 22, GUTTER = 178, WIDEST = 340, EDGE = 14, MOST_ROWS = 9.5, GRIP = 5;
const LEAST_FRAMES = 20; // as far as one can zoom in

class Timeline {
  // `parts` are the elements; `does` is what the player does: seek, select, play, editable, change.
  constructor(parts, does) {
    Object.assign(this, parts, { does, rows: [], frame: 0, frames: 1, first: 0, last: 1, gutter: GUTTER });
    const { box, canvas, axis } = this;
    canvas.onpointerdown = (event) => this.down(event);
    canvas.onpointermove = (event) => (this.drag ? this.move(event) : this.point(event));
    canvas.onpointerup = canvas.onpointercancel = (event) => this.up(event);
    canvas.onpointerleave = () => { if (!this.drag) this.tip.hidden = true; };
    canvas.ondblclick = (event) => { const bout = this.hit(event)?.bout; if (bout) does.play(bout); };
    axis.onpointerdown = (event) => {
      axis.setPointerCapture(event.pointerId);
      does.seek(this.frameAt(event));
    };
    axis.onpointermove = (event) => { if (event.buttons & 1) does.seek(this.frameAt(event)); };
    for (const one of [box, axis]) one.addEventListener("wheel", (e) => this.wheel(e), { passive: false });
    box.onscroll = () => this.draw();
  }

  set(bouts, facts) {
    if (facts.id !== this.facts?.id) Object.assign(this, { first: 0, last: facts.frames });
    Object.assign(this, { facts, frames: facts.frames, rows: rowsOf(bouts, facts) });
    this.widen();
    const shown = Math.min(Math.max(this.rows.length, 1), MOST_ROWS) * ROW;
    this.box.style.height = `${shown}px`;
    this.inner.style.height = `${Math.max(this.rows.length, 1) * ROW}px`;
    this.box.closest(".player").style.setProperty("--rows",
      `${Math.max(shown, 5 * ROW)}px`); // the first rows do not make the picture smaller
    this.draw();
  }

  // Room for the names, and who scored, as far as the bars keep theirs.
  widen() {
    const pen = this.canvas.getContext("2d");
    pen.font = `12px ${getComputedStyle(this.canvas).fontFamily}`;
    const widest = Math.max(0, ...this.rows.map((row) => pen.measureText(row.label).width));
    this.gutter = clamp(Math.ceil(widest) + 28, GUTTER, WIDEST);
  }

  // -- from frames to the screen and back

  get width() { return Math.max(this.canvas.clientWidth - this.gutter - EDGE, 1); }
  get zoomed() { return this.last - this.first < this.frames - 0.5; }
  x(frame) { return this.gutter + ((frame - this.first) / (this.last - this.first)) * this.width; }
  at(x) { return this.first + ((x - this.gutter) / this.width) * (this.last - this.first); }
  frameAt(event) { return clamp(Math.floor(this.at(event.offsetX)), 0, this.frames - 1); }

  hit(event) {
    const row = this.rows[Math.floor((event.offsetY + this.box.scrollTop) / ROW)];
    if (!row || event.offsetX < this.gutter - GRIP) return null;
    const bout = row.find(this.at(event.offsetX - GRIP), this.at(event.offsetX + GRIP));
    if (!bout || bout.open) return null;
    const near = (frame) => Math.abs(this.x(frame) - event.offsetX) <= GRIP;
    const wide = this.x(bout.stop_frame) - this.x(bout.start_frame) > 2 * GRIP;
    const edge = bout.kind === "point" || bout.open || !this.does.editable(bout) ? null
      : near(bout.stop_frame) ? "stop_frame" : near(bout.start_frame) && wide ? "start_frame" : null;
    return { bout, edge };
  }

  // -- zoom

  show(first, last) {
    const wide = clamp(last - first, Math.min(LEAST_FRAMES, this.frames), this.frames);
    this.first = clamp(first, 0, this.frames - wide);
    this.last = this.first + wide;
    this.draw();
  }

  zoom(factor, around = this.frame + 0.5) {
    const keep = around >= this.first && around <= this.last ? around : (this.first + this.last) / 2;
    this.show(keep - (keep - this.first) / factor, keep + (this.last - keep) / factor);
  }

  wheel(event) {
    if (event.ctrlKey || event.metaKey) {
      event.preventDefault();
      this.zoom(2 ** (-event.deltaY / 200), this.at(event.offsetX));
    } else if (this.zoomed && (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY))) {
      event.preventDefault();
      const frames = ((event.deltaX || event.deltaY) / this.width) * (this.last - this.first);
      this.show(this.first + frames, this.last + frames);
    }
  }

  // The playhead moves alone; only when it leaves what is in view the bars are drawn anew.
  follow(frame) {
    this.frame = frame;
    const wide = this.last - this.first;
    if (!this.drag && (frame < this.first || frame + 1 > this.last)) {
      this.show(frame - wide * 0.1, frame + wide * 0.9);
    } else if (this.open) this.draw();
    else this.placeHead();
  }

  placeHead() {
    const x = this.x(this.frame + 0.5);
    this.head.hidden = x < this.gutter - 1 || x > this.gutter + this.width + 1;
    this.head.style.transform = `translateX(${x - 1}px)`;
  }

  // -- mouse

  down(event) {
    if (event.button !== 0) return;
    this.canvas.setPointerCapture(event.pointerId);
    const hit = this.hit(event);
    this.drag = { x: event.offsetX, first: this.first, last: this.last, hit, moved: false };
    if (!hit && !this.zoomed) this.does.seek(this.frameAt(event));
  }

  move(event) {
    const { drag } = this;
    if (!drag.moved && Math.abs(event.offsetX - drag.x) < 3) return;
    drag.moved = true;
    if (drag.hit?.edge) this.pull(event);
    else if (this.zoomed) {
      const frames = ((drag.x - event.offsetX) / this.width) * (drag.last - drag.first);
      this.show(drag.first + frames, drag.last + frames);
    } else this.does.seek(this.frameAt(event));
  }

  // An edge follows the pointer from frame to frame and shows the picture there.
  pull(event) {
    const { bout, edge } = this.drag.hit;
    const near = Math.round(this.at(event.offsetX));
    const frame = edge === "start_frame" ? clamp(near, 0, bout.stop_frame - 1)
      : clamp(near, bout.start_frame + 1, this.frames);
    this.drag.pulled = { ...bout, [edge]: frame };
    this.does.seek(edge === "start_frame" ? frame : frame - 1);
    this.say(event, `${this.seconds(frame).toFixed(3)} s, frame ${frame}`);
    this.draw();
  }

  up(event) {
    const { drag } = this;
    this.drag = null;
    this.tip.hidden = true;
    if (!drag) return;
    if (drag.pulled) {
      const { bout, edge } = drag.hit;
      if (drag.pulled[edge] !== bout[edge]) this.does.change(bout, { [edge]: drag.pulled[edge] });
      this.draw();
    } else if (!drag.moved && event.type === "pointerup") {
      this.does.select(drag.hit?.bout ?? null);
      if (drag.hit) this.does.seek(drag.hit.bout.start_frame);
      else if (drag.x >= this.gutter) this.does.seek(this.frameAt(event));
    }
  }

  point(event) {
    const hit = this.hit(event), frame = this.frameAt(event);
    this.canvas.style.cursor = hit?.edge ? "ew-resize" : hit || !this.zoomed ? "pointer" : "grab";
    const seconds = (f) => `${this.seconds(f).toFixed(2)} s`;
    const { bout } = hit ?? {};
    if (event.offsetX < this.gutter) {
      const row = this.rows[Math.floor((event.offsetY + this.box.scrollTop) / ROW)];
      if (row) this.say(event, row.label); else this.tip.hidden = true;
    } else if (!bout) this.say(event, `${seconds(frame)}, frame ${frame}`);
    else this.say(event, [
      bout.kind === "point" ? `${bout.behaviour}: ${seconds(bout.start_frame)}, frame ${bout.start_frame}`
        : `${bout.behaviour}: ${seconds(bout.start_frame)} to ${seconds(bout.stop_frame)}, `
          + `frames ${bout.start_frame} to ${bout.stop_frame - 1}`,
      modifiersOf(bout), bout.comment].filter(Boolean).join("\n"));
  }

  say(event, text) {
    const box = this.box.closest(".player").getBoundingClientRect();
    this.tip.textContent = text;
    this.tip.hidden = false;
    const room = box.width - this.tip.offsetWidth - 4;
    this.tip.style.left = `${clamp(event.clientX - box.left + 12, 0, room)}px`;
    this.tip.style.top = `${event.clientY - box.top - this.tip.offsetHeight - 8}px`;
  }

  seconds(frame) {
    const { times } = this;
    return times && frame < times.length ? times[frame] : this.facts.duration;
  }

  // -- drawing: only what is in view, and at most one bar for a pixel

  draw() {
    if (!this.facts || !this.canvas.clientWidth) return;
    const { canvas, axis, box } = this;
    const ink = getComputedStyle(canvas).color, height = box.clientHeight;
    canvas.style.height = `${height}px`;
    const pen = fit(canvas, canvas.clientWidth, height);
    pen.font = `12px ${getComputedStyle(canvas).fontFamily}`;
    pen.textBaseline = "middle";
    const top = Math.floor(box.scrollTop / ROW), stop = Math.ceil((box.scrollTop + height) / ROW);
    this.rows.slice(top, stop).forEach((row, k) => {
      this.drawRow(pen, row, (top + k) * ROW - box.scrollTop, ink);
    });
    if (!this.rows.length) this.drawEmpty(pen, ink);
    const below = fit(axis, axis.clientWidth, AXIS);
    below.font = pen.font;
    below.textBaseline = "middle";
    this.drawAxis(below, ink);
    this.placeHead();
    this.does.zoomed?.(this.zoomed);
  }

  drawRow(pen, row, y, ink) {
    const indent = row.dot ? 12 : 2;
    if (row.dot) {
      pen.fillStyle = row.dot;
      pen.beginPath();
      pen.arc(6, y + ROW / 2, 3.5, 0, 2 * Math.PI);
      pen.fill();
    }
    pen.fillStyle = ink;
    const room = this.gutter - 12 - indent; // who scored is read in full, as far as it can be
    const by = row.by ? shorten(pen, ` · ${row.by}`, room * 0.6) : "";
    const what = shorten(pen, row.what, room - pen.measureText(by).width);
    pen.fillText(what + by, indent, y + ROW / 2);
    pen.globalAlpha = 0.07;
    pen.fillRect(this.gutter, y + 3, this.width, ROW - 6);
    pen.globalAlpha = 1;
    pen.save();
    pen.beginPath();
    pen.rect(this.gutter - 2, y, this.width + 4, ROW);
    pen.clip();
    this.drawBars(pen, row, y, ink);
    pen.restore();
  }

  drawBars(pen, row, y, ink) {
    let drawn = -1; // up to this x the row is filled
    const chosen = [];
    pen.fillStyle = row.colour;
    for (let i = row.from(this.first); i < row.bouts.length; i++) {
      let bout = row.bouts[i];
      if (bout.start_frame > this.last) break;
      if (this.drag?.pulled && nameOf(this.drag.pulled) === nameOf(bout)) bout = this.drag.pulled;
      // What is going on reaches to the frame on the screen, from whichever side it started.
      const left = this.x(bout.open ? Math.min(bout.start_frame, this.frame) : bout.start_frame);
      const stop = bout.open ? Math.max(bout.start_frame, this.frame) : bout.stop_frame;
      const right = Math.max(this.x(stop), left + 2);
      if (nameOf(bout) === this.chosen || bout.comment || bout.open) chosen.push([bout, left, right]);
      if (right <= drawn || bout.open) continue;
      const from = Math.max(left, drawn);
      const gap = from > drawn && right - from > 3 ? 0.5 : 0; // neighbours stay apart
      pen.fillStyle = bout.colour ?? row.colour;
      pen.fillRect(from + gap, y + 3, right - from - gap, ROW - 6);
      drawn = Math.max(right, Math.ceil(left));
    }
    pen.fillStyle = row.colour;
    for (const [bout, left, right] of chosen) this.drawSpecial(pen, row, bout, left, right, y, ink);
  }

  // The selected bout, one with a comment, and one that is still going on.
  drawSpecial(pen, row, bout, left, right, y, ink) {
    if (bout.open) {
      pen.globalAlpha = 0.55;
      pen.fillRect(left, y + 5, right - left, ROW - 10);
      pen.globalAlpha = 1;
      pen.fillRect(left, y + 3, 2, ROW - 6);
    }
    if (bout.comment) {
      pen.fillStyle = inkOn(row.colour);
      pen.beginPath();
      pen.arc(left + 5, y + ROW / 2, 2.2, 0, 2 * Math.PI);
      pen.fill();
      pen.fillStyle = row.colour;
    }
    if (nameOf(bout) === this.chosen) {
      pen.strokeStyle = ink;
      pen.lineWidth = 2;
      pen.strokeRect(left, y + 2, right - left, ROW - 4);
    }
  }

  drawEmpty(pen, ink) {
    pen.fillStyle = ink;
    pen.globalAlpha = 0.07;
    pen.fillRect(this.gutter, 3, this.width, ROW - 6);
    pen.globalAlpha = 0.7;
    const tools = this.facts.tools ?? [];
    pen.fillText(tools.includes("review") ? "No doubtful place is open." : tools.includes("draw") ? ""
      : "Nothing here yet. Score with the keys, or save an answer on Ask.", this.gutter + 6, ROW / 2);
    pen.globalAlpha = 1;
  }

  drawAxis(pen, ink) {
    if (!this.times) return;
    const time = (frame) => {
      const whole = clamp(Math.floor(frame), 0, this.frames - 1);
      return this.seconds(whole) + (frame - whole) * (this.seconds(whole + 1) - this.seconds(whole));
    };
    const from = time(this.first), to = time(this.last);
    const steps = [0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200];
    const step = steps.find((s) => (s / (to - from)) * this.width >= 70) ?? 21600;
    pen.fillStyle = ink;
    pen.globalAlpha = 0.7;
    pen.textAlign = "center";
    for (let second = Math.ceil(from / step) * step; second <= to; second += step) {
      const frame = frameAtTime(this.times, second + 1e-6);
      const length = this.seconds(frame + 1) - this.times[frame];
      const x = this.x(frame + (length > 0 ? clamp((second - this.times[frame]) / length, 0, 1) : 0));
      pen.fillRect(x, 0, 1, 4);
      pen.fillText(clock(second, step), x, 13);
    }
    pen.textAlign = "left";
    pen.globalAlpha = 1;
  }
}

function modifiersOf({ modifiers }) {
  const known = typeof modifiers === "string" ? JSON.parse(modifiers || "null") : modifiers;
  return Object.entries(known ?? {}).map(([name, value]) => `${name}: ${value}`).join(", ");
}

function shorten(pen, text, width) {
  if (pen.measureText(text).width <= width) return text;
  let cut = text.length;
  while (cut > 1 && pen.measureText(text.slice(0, cut) + "…").width > width) cut--;
  return text.slice(0, cut) + "…";
}
