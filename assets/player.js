// The player: a <video> under a <canvas>, stepping and drawing in the browser alone.
//
// Frame n of a video lasts from times[n] to times[n + 1]. Every seek aims at the middle of that
// interval, because aiming at its edge shows the frame before in about a third of all seeks.
// Names and numbers from the study reach the page through textContent or the canvas only.

// Okabe and Ito's colours, told apart with any colour vision; the order suits dark and light arenas.
const COLOURS = ["#E69F00", "#56B4E9", "#009E73", "#CC79A7", "#D55E00", "#0072B2", "#F0E442"];
const SPEEDS = [0.1, 0.25, 0.5, 1, 2, 4, 8];
const SWITCHES = [["masks", "Masks"], ["ids", "Names"], ["trails", "Trails"], ["points", "Nose"],
  ["regions", "Regions"]];
const TRAIL_S = 2;
const KEPT_CHUNKS = 40;

const colourOf = (index) => COLOURS[index % COLOURS.length];
const clamp = (value, low, high) => Math.min(Math.max(value, low), high);
const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

function remember(key, value) {
  try {
    if (value === undefined) return JSON.parse(localStorage.getItem(`ethoscribe.${key}`));
    localStorage.setItem(`ethoscribe.${key}`, JSON.stringify(value));
  } catch { /* private windows may have no storage; the player works without */ }
  return null;
}

async function load(url) {
  for (let attempt = 0; ; attempt++) {
    const response = await fetch(url);
    if (response.ok) return response.arrayBuffer();
    if (response.status !== 503 || attempt === 20) throw new Error(await reasonOf(response));
    await wait(1000); // a job is storing its result; the study opens again shortly
  }
}

async function reasonOf(response) {
  try { return (await response.json()).error; } catch { return `HTTP ${response.status}`; }
}

// ---- overlay data ------------------------------------------------------------------------------

const ARRAYS = { i4: Int32Array, u4: Uint32Array, f4: Float32Array, u2: Uint16Array };

function unpack(buffer) {
  const length = new DataView(buffer).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, length)));
  const padded = (bytes) => Math.ceil(bytes / 4) * 4;
  let at = 4 + padded(length);
  const table = { names: header.point_names };
  for (const [name, dtype, count] of header.columns) {
    table[name] = new ARRAYS[dtype](buffer, at, count);
    at += padded(table[name].byteLength);
  }
  return table;
}

// Where each frame's rows start, for rows sorted by frame.
function startsOf(frames, first, count) {
  const starts = new Uint32Array(count + 1);
  for (const frame of frames) starts[frame - first + 1] += 1;
  for (let i = 0; i < count; i++) starts[i + 1] += starts[i];
  return starts;
}

class Chunk {
  constructor(buffer, first, count) {
    Object.assign(this, unpack(buffer), { first, paths: new Map() });
    this.trackStarts = startsOf(this.track_frame, first, count);
    this.maskStarts = startsOf(this.mask_frame, first, count);
    this.pointStarts = startsOf(this.point_frame, first, count);
  }

  * rows(starts, frame) {
    for (let i = starts[frame - this.first]; i < starts[frame - this.first + 1]; i++) yield i;
  }

  position(frame, animal) {
    for (const i of this.rows(this.trackStarts, frame)) {
      if (this.track_animal[i] === animal) {
        return { x: this.track_x[i], y: this.track_y[i], heading: this.track_heading[i] };
      }
    }
    return null;
  }

  outline(i) {
    if (!this.paths.has(i)) {
      const runs = this.mask_runs.subarray(this.mask_offset[i], this.mask_offset[i + 1]);
      const box = [this.mask_x0[i], this.mask_y0[i], this.mask_width[i], this.mask_height[i]];
      this.paths.set(i, outlineOf(runs, ...box));
    }
    return this.paths.get(i);
  }
}

// Follow the pixel edges of a run-length mask and cut the corners: a closed path in video pixels.
function outlineOf(runs, x0, y0, width, height) {
  const wide = width + 2;
  const inside = new Uint8Array(wide * (height + 2));
  let at = 0;
  runs.forEach((run, k) => {
    if (k % 2) for (let i = at; i < at + run; i++) {
      inside[(Math.floor(i / width) + 1) * wide + (i % width) + 1] = 1;
    }
    at += run;
  });
  const path = new Path2D();
  const seen = new Uint8Array(inside.length); // top edges already walked
  const filled = (x, y) => inside[y * wide + x];
  for (let y = 1; y <= height; y++) {
    for (let x = 1; x <= width; x++) {
      if (filled(x, y) && !filled(x, y - 1) && !seen[y * wide + x]) {
        walk(path, filled, seen, wide, x, y, x0 - 1, y0 - 1);
      }
    }
  }
  return path;
}

// Walk one border with the mask on the right hand; directions: 0 east, 1 south, 2 west, 3 north.
function walk(path, filled, seen, wide, x, y, left, top) {
  const DX = [1, 0, -1, 0], DY = [0, 1, 0, -1];
  let cx = x, cy = y, direction = 0; // the corner we stand on: the upper left one of pixel (x, y)
  const start = [cx, cy];
  let first = true;
  do {
    if (direction === 0) seen[cy * wide + cx] = 1;
    const mx = left + cx + DX[direction] / 2, my = top + cy + DY[direction] / 2;
    if (first) path.moveTo(mx, my); else path.lineTo(mx, my);
    first = false;
    cx += DX[direction];
    cy += DY[direction];
    // the pixels ahead of the corner, on the left and on the right of the way we came
    const [ax, ay] = [[cx, cy - 1], [cx, cy], [cx - 1, cy], [cx - 1, cy - 1]][direction];
    const [bx, by] = [[cx, cy], [cx - 1, cy], [cx - 1, cy - 1], [cx, cy - 1]][direction];
    if (filled(ax, ay) && filled(bx, by)) direction = (direction + 3) % 4;
    else if (!filled(bx, by)) direction = (direction + 1) % 4;
  } while (cx !== start[0] || cy !== start[1] || direction !== 0);
  path.closePath();
}

class Overlay {
  constructor(facts, onArrival, onTrouble) {
    Object.assign(this, { facts, onArrival, onTrouble, chunks: new Map(), asked: new Set() });
  }

  // The chunk that holds a frame; asks for it, and answers null, when it is not here yet.
  at(frame) {
    if (!this.facts.run || frame < 0 || frame >= this.facts.frames) return null;
    const first = Math.floor(frame / this.facts.chunk) * this.facts.chunk;
    const chunk = this.chunks.get(first);
    if (!chunk) { this.fetch(first); return null; }
    this.chunks.delete(first); // the most recently used moves to the end
    this.chunks.set(first, chunk);
    return chunk;
  }

  async fetch(first) {
    if (this.asked.has(first)) return;
    this.asked.add(first);
    const stop = Math.min(first + this.facts.chunk, this.facts.frames);
    const run = encodeURIComponent(this.facts.run);
    try {
      const buffer = await load(`${this.facts.urls.overlay}?start=${first}&stop=${stop}&run=${run}`);
      this.chunks.set(first, new Chunk(buffer, first, stop - first));
      while (this.chunks.size > KEPT_CHUNKS) this.chunks.delete(this.chunks.keys().next().value);
      this.asked.delete(first);
      this.onArrival();
    } catch (error) {
      this.onTrouble(`The tracks cannot be shown: ${error.message}`);
    }
  }
}

// ---- where the pictures come from --------------------------------------------------------------

// Shows frames of a <video>. `onFrame(n)` is called with the frame that is on the screen.
class VideoSource {
  constructor(video, times, onFrame) {
    Object.assign(this, { video, times, onFrame, offset: 0, target: -1, wanted: 0, busy: false });
    video.onseeked = () => this.arrived();
    video.onpause = () => { if (!video.ended) this.seek(this.shown ?? 0); };
    video.onended = () => this.seek(times.length - 1);
    this.watch();
  }

  watch() {
    this.video.requestVideoFrameCallback?.((now, picture) => {
      if (this.target < 0 && !this.busy) this.offset = picture.mediaTime; // the first frame's own time
      this.show(this.frameAt(picture.mediaTime - this.offset));
      if (!this.closed) this.watch();
    });
  }

  show(frame) { this.shown = frame; this.onFrame(frame); }

  frameAt(time) {
    let low = 0, high = this.times.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.times[middle] <= time + 5e-4) low = middle; else high = middle - 1;
    }
    return low;
  }

  middle(frame) {
    const { times } = this;
    const last = times.length - 1;
    const next = frame < last ? times[frame + 1] : 2 * times[last] - times[Math.max(last - 1, 0)];
    return (times[frame] + next) / 2;
  }

  // One seek at a time; holding a key moves `wanted` on and the newest wish is sought next.
  seek(frame) {
    this.wanted = frame;
    if (!this.busy) this.go();
  }

  go() {
    this.busy = true;
    this.target = this.wanted;
    this.video.currentTime = this.middle(this.target) + this.offset;
  }

  arrived() {
    this.busy = false;
    if (this.wanted !== this.target) this.go(); else if (this.video.paused) this.show(this.target);
  }

  play(speed) { this.video.playbackRate = speed; return this.video.play(); }
  pause() { this.video.pause(); }
  get paused() { return this.video.paused; }
  close() { this.closed = true; this.video.pause(); this.video.removeAttribute("src"); this.video.load(); }
}

// Shows frames that the server decodes, for videos that no browser can play.
class StillSource {
  constructor(image, url, times, onFrame) {
    Object.assign(this, { image, url, times, onFrame, wanted: 0, paused: true, busy: false });
    image.onload = () => this.arrived();
    image.onerror = () => { this.busy = false; this.paused = true; };
  }

  seek(frame) {
    this.wanted = frame;
    if (!this.busy) this.go();
  }

  go() {
    this.busy = true;
    this.target = this.wanted;
    this.image.src = `${this.url}/${this.target}.jpg`;
  }

  arrived() {
    this.busy = false;
    this.shown = this.target;
    this.onFrame(this.target);
    if (!this.paused) this.advance();
    if (this.wanted !== this.target) this.go();
  }

  advance() {
    const time = this.startTime + ((performance.now() - this.startedAt) / 1000) * this.speed;
    while (this.wanted < this.times.length - 1 && this.times[this.wanted + 1] <= time) this.wanted++;
    if (this.wanted === this.times.length - 1) this.paused = true;
    else if (this.wanted === this.target) requestAnimationFrame(() => this.paused || this.advance() || this.seek(this.wanted));
  }

  async play(speed) {
    const startTime = this.times[this.shown ?? 0];
    Object.assign(this, { paused: false, speed, startTime, startedAt: performance.now() });
    this.seek(Math.min((this.shown ?? 0) + 1, this.times.length - 1));
  }

  pause() { this.paused = true; }
  close() { this.paused = true; this.image.onload = null; }
}

// ---- the timeline of bouts ---------------------------------------------------------------------

const ROW = 20, AXIS = 22, GUTTER = 168, EDGE = 10;

class Timeline {
  constructor(canvas, tip, seek) {
    Object.assign(this, { canvas, tip, rows: [], frame: 0 });
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
    this.rows = [...rows.values()];
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
    const { canvas } = this;
    const height = Math.max(this.rows.length, 1) * ROW + AXIS;
    const pen = fit(canvas, canvas.clientWidth, height);
    canvas.style.height = `${height}px`;
    canvas.closest(".player").style.setProperty("--rows", `${Math.min(height, 176)}px`);
    const ink = getComputedStyle(canvas).color;
    pen.font = "12px " + getComputedStyle(canvas).fontFamily;
    pen.textBaseline = "middle";
    this.rows.forEach((row, k) => this.drawRow(pen, row, k, ink));
    if (!this.rows.length) this.drawEmpty(pen, ink);
    this.drawAxis(pen, height - AXIS, ink);
    pen.fillStyle = "#D7263D";
    pen.fillRect(this.x(this.frame + 0.5) - 1, 0, 2, height - AXIS + 4);
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

  drawAxis(pen, y, ink) {
    const { duration } = this.facts;
    const steps = [0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 21600];
    const step = steps.find((s) => (s / duration) * this.width >= 70) ?? 43200;
    pen.fillStyle = ink;
    pen.globalAlpha = 0.7;
    pen.textAlign = "center";
    for (let second = 0; second <= duration; second += step) {
      const x = GUTTER + (second / duration) * this.width;
      pen.fillRect(x, y, 1, 4);
      pen.fillText(clock(second, step), x, y + 13);
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

// ---- the player --------------------------------------------------------------------------------

class Player {
  constructor(parent) {
    this.find = (selector) => parent.querySelector(selector);
    this.root = this.find(".player");
    this.show = { masks: true, ids: true, trails: true, points: true, regions: true,
      ...remember("show") };
    this.hidden = new Set();
    this.timeline = new Timeline(this.find(".timeline"), this.find(".tip"), (n) => this.seek(n));
    this.resize = new ResizeObserver(() => { this.draw(); this.timeline.draw(); });
    this.resize.observe(this.find(".stage"));
    this.resize.observe(this.find(".rows"));
    this.controls();
  }

  controls() {
    for (const button of this.root.querySelectorAll("[data-step]")) {
      button.onclick = () => this.step(Number(button.dataset.step));
    }
    this.find(".play").onclick = () => this.toggle();
    this.find(".speed").replaceChildren(...SPEEDS.map((speed) => new Option(`${speed}×`, speed)));
    this.find(".speed").value = "1";
    this.find(".speed").onchange = () => { if (!this.source?.paused) this.start(); };
    this.find(".jump").onchange = (event) => this.jump(event.target.value);
    this.find(".switches").replaceChildren(...SWITCHES.map(([name, label]) => this.switch(name, label)));
    this.root.onkeydown = (event) => this.key(event);
    this.find(".stage").onclick = () => { this.root.focus(); this.toggle(); };
  }

  switch(name, label) {
    const button = Object.assign(document.createElement("button"), { type: "button" });
    button.textContent = label;
    button.dataset.show = name;
    button.setAttribute("aria-pressed", this.show[name]);
    button.onclick = () => {
      this.show[name] = !this.show[name];
      button.setAttribute("aria-pressed", this.show[name]);
      remember("show", this.show);
      this.draw();
    };
    return button;
  }

  // Called by Streamlit at first and whenever the facts or the theme change.
  async update(facts) {
    const before = this.facts;
    this.facts = facts;
    this.timeline.set(facts);
    this.legend();
    if (before?.id === facts.id && before.hash === facts.hash) {
      if (before.run !== facts.run) this.openOverlay();
      if (facts.go !== null && facts.go !== before.go) this.seek(facts.go);
      this.draw();
      return;
    }
    this.root.style.setProperty("--ar", facts.width / facts.height);
    this.find(".of").textContent = `of ${facts.frames - 1}`;
    this.note("");
    this.root.dataset.state = "loading";
    try {
      this.times = new Float64Array(await load(facts.urls.times));
    } catch (error) {
      this.note(`The frame times cannot be read: ${error.message}`);
      return;
    }
    this.timeline.times = this.times;
    this.openOverlay();
    if (facts.playable) this.openVideo(); else this.openStills(
      "No browser can play this file, so the server sends its frames one by one.");
    this.root.focus({ preventScroll: true });
  }

  openOverlay() {
    this.overlay = new Overlay(this.facts, () => this.draw(), (text) => this.note(text));
  }

  firstFrame() {
    return clamp(this.facts.go ?? remember(`frame.${this.facts.hash}`) ?? 0, 0, this.facts.frames - 1);
  }

  openVideo() {
    const video = this.find("video");
    this.source?.close();
    const source = new VideoSource(video, this.times, (n) => this.arrived(n));
    this.source = source;
    video.hidden = false;
    this.find(".still").hidden = true;
    video.onerror = () => {
      if (this.source === source) this.openStills(
        "This browser cannot play the file, so the server sends its frames one by one.");
    };
    // Wait for the first picture, whose own time tells where the file's clock starts.
    video.onloadeddata = async () => {
      for (let i = 0; i < 20 && source.shown === undefined; i++) await wait(25);
      if (this.source === source) this.seek(this.firstFrame());
    };
    video.src = this.facts.urls.file;
  }

  openStills(reason) {
    const first = this.frame ?? this.firstFrame();
    this.source?.close();
    this.find("video").hidden = true;
    this.find(".still").hidden = false;
    this.note(reason);
    this.source = new StillSource(this.find(".still"), this.facts.urls.frame, this.times, (n) => this.arrived(n));
    this.seek(first);
  }

  note(text) {
    this.find(".note").textContent = text;
    this.find(".note").hidden = !text;
  }

  // -- moving

  seek(frame) {
    if (!this.source) return;
    this.wanted = clamp(Math.round(frame), 0, this.facts.frames - 1);
    this.source.seek(this.wanted);
  }

  step(frames) {
    this.source?.pause();
    this.seek((this.source?.busy ? this.wanted : this.frame ?? 0) + frames);
  }

  jump(text) {
    const frame = Number(text);
    if (text.trim() && Number.isFinite(frame)) { this.source?.pause(); this.seek(frame); }
    this.root.focus({ preventScroll: true });
  }

  toggle() {
    if (!this.source) return;
    if (this.source.paused) this.start(); else this.source.pause();
    this.state();
  }

  start() {
    const speed = Number(this.find(".speed").value);
    this.source.play(speed).catch((error) => this.note(`Cannot play: ${error.message}`));
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    event.stopPropagation(); // Streamlit's own hotkeys (c, r) must not fire while one watches
    if (["INPUT", "SELECT"].includes(event.target.tagName)) return;
    const far = event.shiftKey ? 10 : 1;
    const act = {
      " ": () => this.toggle(),
      ArrowLeft: () => this.step(-far), ",": () => this.step(-1), "<": () => this.step(-10),
      ArrowRight: () => this.step(far), ".": () => this.step(1), ">": () => this.step(10),
      Home: () => this.seek(0), End: () => this.seek(this.facts.frames - 1),
    }[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  }

  // -- showing

  arrived(frame) {
    this.frame = frame;
    this.timeline.frame = frame;
    this.draw();
    this.timeline.draw();
    const { times, facts } = this;
    const jump = this.find(".jump");
    if (jump.getRootNode().activeElement !== jump) jump.value = frame;
    this.find(".clock").textContent = `${times[frame].toFixed(3)} s of ${facts.duration.toFixed(1)} s`;
    this.root.dataset.frame = frame;
    this.state();
    if (this.source.paused) remember(`frame.${facts.hash}`, frame);
    else this.overlay.at(Math.min(frame + facts.chunk, facts.frames - 1)); // the next seconds, ahead
  }

  state() {
    const paused = this.source.paused;
    this.root.dataset.state = paused ? "paused" : "playing";
    const shape = paused ? "M7 4l13 8-13 8z" : "M6 4h4v16H6zM14 4h4v16h-4z";
    this.find(".play path").setAttribute("d", shape);
  }

  legend() {
    const entries = this.facts.animals.map((animal, k) => {
      const button = Object.assign(document.createElement("button"), { type: "button" });
      button.className = "animal";
      button.title = "Show or hide this animal";
      const parts = ["i", "span", "span", "em"].map((tag) => document.createElement(tag));
      parts[0].style.background = colourOf(k);
      parts[1].textContent = animal.name;
      parts[2].className = "where";
      button.append(...parts);
      button.setAttribute("aria-pressed", !this.hidden.has(animal.id));
      button.onclick = () => {
        if (!this.hidden.delete(animal.id)) this.hidden.add(animal.id);
        button.setAttribute("aria-pressed", !this.hidden.has(animal.id));
        this.draw();
      };
      return button;
    });
    this.find(".legend").replaceChildren(...entries);
  }

  draw() {
    const canvas = this.find(".overlay");
    if (!this.facts || this.frame === undefined || !canvas.clientWidth) return;
    const pen = fit(canvas, canvas.clientWidth, canvas.clientHeight);
    const scale = canvas.clientWidth / this.facts.width;
    pen.scale(scale, scale); // from here on in video pixels; a pixel's centre lies at + 0.5
    pen.lineJoin = pen.lineCap = "round";
    const unit = 1 / scale;
    const font = getComputedStyle(this.root).fontFamily;
    if (this.show.regions) for (const region of this.facts.regions) drawRegion(pen, region, unit, font);
    const chunk = this.overlay?.at(this.frame);
    const animals = this.facts.animals.map((animal, k) => ({ ...animal, colour: colourOf(k) }));
    this.where(animals, chunk);
    if (!chunk) return;
    const seen = animals.filter((animal) => !this.hidden.has(animal.id));
    const byId = new Map(seen.map((animal) => [animal.id, animal]));
    if (this.show.masks) this.drawMasks(pen, chunk, byId, unit);
    if (this.show.trails) for (const animal of seen) this.drawTrail(pen, animal, unit);
    if (this.show.points) this.drawNoses(pen, chunk, byId, unit);
    if (this.show.ids) for (const animal of seen) this.drawName(pen, chunk, animal, unit, font);
  }

  // Beside each animal: where it is and what it is doing in the frame on the screen.
  where(animals, chunk) {
    const cells = this.root.querySelectorAll(".where"), doing = this.root.querySelectorAll(".animal em");
    const now = this.facts.bouts.filter((b) => b.start_frame <= this.frame && this.frame < b.stop_frame);
    const perUnit = this.facts.perCm || 1, unit = this.facts.perCm ? "cm" : "px";
    const digits = this.facts.perCm ? 1 : 0;
    animals.forEach((animal, k) => {
      const at = chunk?.position(this.frame, animal.id);
      const text = at && `${(at.x / perUnit).toFixed(digits)}, ${(at.y / perUnit).toFixed(digits)} ${unit}`;
      if (!cells[k]) return;
      cells[k].textContent = chunk ? text || "not found" : "";
      doing[k].textContent = now.filter((bout) => bout.subject === animal.name)
        .map((bout) => [bout.behaviour, bout.target].filter(Boolean).join(" → ")).join(", ") || "–";
    });
  }

  drawMasks(pen, chunk, byId, unit) {
    for (const i of chunk.rows(chunk.maskStarts, this.frame)) {
      const animal = byId.get(chunk.mask_animal[i]);
      if (!animal) continue;
      const path = chunk.outline(i);
      pen.fillStyle = pen.strokeStyle = animal.colour;
      pen.globalAlpha = 0.38;
      pen.fill(path, "evenodd");
      pen.globalAlpha = 1;
      pen.lineWidth = 2 * unit;
      pen.stroke(path);
    }
  }

  drawTrail(pen, animal, unit) {
    const first = this.frameBefore(TRAIL_S);
    pen.strokeStyle = animal.colour;
    pen.lineWidth = 2.2 * unit;
    let last = null;
    for (let frame = first; frame <= this.frame; frame++) {
      const here = this.overlay.at(frame)?.position(frame, animal.id) ?? null;
      if (last && here) {
        pen.globalAlpha = 0.05 + 0.85 * ((frame - first) / (this.frame - first)) ** 1.5;
        pen.beginPath();
        pen.moveTo(last.x + 0.5, last.y + 0.5);
        pen.lineTo(here.x + 0.5, here.y + 0.5);
        pen.stroke();
      }
      last = here;
    }
    pen.globalAlpha = 1;
  }

  frameBefore(seconds) {
    let frame = this.frame;
    const from = this.times[frame] - seconds;
    while (frame > 0 && this.times[frame - 1] >= from) frame--;
    return frame;
  }

  drawNoses(pen, chunk, byId, unit) {
    const nose = chunk.names.indexOf("nose");
    for (const i of chunk.rows(chunk.pointStarts, this.frame)) {
      const animal = byId.get(chunk.point_animal[i]);
      if (!animal || chunk.point_name[i] !== nose || Number.isNaN(chunk.point_x[i])) continue;
      pen.beginPath();
      pen.arc(chunk.point_x[i] + 0.5, chunk.point_y[i] + 0.5, 3.5 * unit, 0, 2 * Math.PI);
      pen.fillStyle = "#fff";
      pen.strokeStyle = "#111";
      pen.lineWidth = 1.5 * unit;
      pen.fill();
      pen.stroke();
    }
  }

  drawName(pen, chunk, animal, unit, font) {
    const at = chunk.position(this.frame, animal.id);
    if (!at) return;
    let top = at.y - 14 * unit;
    for (const i of chunk.rows(chunk.maskStarts, this.frame)) {
      if (chunk.mask_animal[i] === animal.id) top = chunk.mask_y0[i] - 5 * unit;
    }
    label(pen, animal.name, at.x + 0.5, Math.max(top, 20 * unit), animal.colour, unit, font, this.facts.width);
  }

  close() {
    this.resize.disconnect();
    this.source?.close();
  }
}

// A name on a pill of its colour, standing on (x, bottom) and kept inside the picture.
function label(pen, text, x, bottom, colour, unit, font, width) {
  pen.font = `600 ${12 * unit}px ${font}`;
  const wide = pen.measureText(text).width + 10 * unit, high = 17 * unit;
  const left = clamp(x - wide / 2, 0, Math.max(width - wide, 0));
  pen.fillStyle = colour;
  pen.beginPath();
  pen.roundRect(left, bottom - high, wide, high, 4 * unit);
  pen.fill();
  pen.fillStyle = colour === "#0072B2" ? "#fff" : "#111";
  pen.textAlign = "left";
  pen.textBaseline = "middle";
  pen.fillText(text, left + 5 * unit, bottom - high / 2 + 0.5 * unit);
}

function drawRegion(pen, region, unit, font) {
  const path = regionPath(region);
  for (const [colour, width] of [["rgb(0 0 0 / 55%)", 3], ["#fff", 1.4]]) {
    pen.strokeStyle = colour;
    pen.lineWidth = width * unit;
    pen.setLineDash([6 * unit, 4 * unit]);
    pen.stroke(path);
  }
  pen.setLineDash([]);
  const xs = region.points.map((p) => p[0]), ys = region.points.map((p) => p[1]);
  const radius = region.kind === "circle" ? Math.hypot(xs[1] - xs[0], ys[1] - ys[0]) : 0;
  const x = (radius ? xs[0] - radius * 0.7 : Math.min(...xs)) + 5 * unit;
  const y = (radius ? ys[0] - radius * 0.7 : Math.min(...ys)) + 13 * unit;
  pen.font = `${12 * unit}px ${font}`;
  pen.textBaseline = "middle";
  pen.lineWidth = 3 * unit;
  pen.strokeStyle = "rgb(0 0 0 / 60%)";
  pen.strokeText(region.name, x, y);
  pen.fillStyle = "#fff";
  pen.fillText(region.name, x, y);
}

function regionPath({ kind, points }) {
  const path = new Path2D();
  const [[ax, ay], [bx, by] = [0, 0]] = points;
  if (kind === "circle") path.arc(ax + 0.5, ay + 0.5, Math.hypot(bx - ax, by - ay), 0, 2 * Math.PI);
  else if (kind === "rectangle") path.rect(ax + 0.5, ay + 0.5, bx - ax, by - ay);
  else if (kind === "point") path.arc(ax + 0.5, ay + 0.5, 4, 0, 2 * Math.PI);
  else {
    points.forEach(([x, y]) => path.lineTo(x + 0.5, y + 0.5));
    if (kind === "polygon") path.closePath();
  }
  return path;
}

const players = new WeakMap();

export default function (component) {
  const { data, parentElement } = component;
  if (!players.has(parentElement)) players.set(parentElement, new Player(parentElement));
  players.get(parentElement).update(data);
  return () => {
    players.get(parentElement)?.close();
    players.delete(parentElement);
  };
}
