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
const QUIET_MS = 400;

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

class Player {
  constructor(parent) {
    this.find = (selector) => parent.querySelector(selector);
    this.root = this.find(".player");
    this.show = { masks: true, ids: true, trails: true, points: true, regions: true,
      ...remember("show") };
    this.hidden = new Set();
    this.timeline = new Timeline(this.find(".timeline"), this.find(".axis"), this.find(".tip"), (n) => this.seek(n));
    this.resize = new ResizeObserver(() => { this.draw(); this.timeline.draw(); });
    this.resize.observe(this.find(".stage"));
    this.resize.observe(this.find(".rows"));
    this.toolbox = new Toolbox(this);
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
    // A button pressed with the mouse gives the keys back to the player.
    this.root.addEventListener("click", (event) => {
      if (event.detail && event.target.closest("button")) this.root.focus({ preventScroll: true });
    });
    this.pointing();
  }

  // The tools hear of the pointer first; a click that none of them used plays or pauses.
  pointing() {
    const stage = this.find(".stage");
    const tell = (type) => (event) => {
      const used = this.toolbox.ask("pointer", type, this.place(event), event);
      if (used) event.preventDefault();
      return used;
    };
    const [down, move, up, double] = ["down", "move", "up", "double"].map(tell);
    stage.onpointerdown = (event) => {
      this.root.focus({ preventScroll: true });
      this.used = event.button !== 0 || down(event);
      if (this.used) stage.setPointerCapture(event.pointerId);
    };
    stage.onpointermove = move;
    stage.onpointerup = (event) => { this.used = up(event) || this.used; };
    stage.ondblclick = double;
    stage.onclick = () => { if (!this.used) this.toggle(); };
  }

  // Where the pointer is, in video pixels; whole numbers are the centres of pixels.
  place(event) {
    const box = this.find(".overlay").getBoundingClientRect();
    const scale = this.facts ? this.facts.width / box.width : 1;
    return { x: (event.clientX - box.left) * scale - 0.5, y: (event.clientY - box.top) * scale - 0.5 };
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
    this.facts = { ...facts, bouts: before?.id === facts.id ? before.bouts : [] };
    this.openQueue(before);
    this.toolbox.set(this.facts);
    this.timeline.set(this.facts);
    this.legend();
    this.fetchBouts(facts.urls.bouts);
    if (before?.id === facts.id && before.hash === facts.hash) {
      if (before.run !== facts.run) this.openOverlay();
      const wish = ({ go, stop, asked }) => [go, stop, asked].join();
      if (facts.go !== null && wish(facts) !== wish(before)) this.visit();
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
      facts.pictures ? "No browser can play this file, so the server sends its frames one by one."
        : "There is no video of this recording, only its poses.");
    this.root.focus({ preventScroll: true });
  }

  // What the tools change is saved through one queue for each video.
  openQueue(before) {
    const { facts } = this;
    if (!facts.tools?.length || (this.queue && before?.id === facts.id)) return;
    this.queue?.close();
    this.queue = new Queue(facts, {
      state: (text, { trouble }) => {
        this.find(".saved").textContent = text;
        this.root.dataset.saved = text.split(/[:…]/)[0];
        this.find(".saved").classList.toggle("trouble", trouble);
      },
      saved: (results, state) => this.saved(results, state),
    });
  }

  saved(results, state) {
    for (const { error } of results) if (error) this.note(error);
    this.toolbox.tell("saved", results);
    if (state !== undefined && state !== this.revision) this.revise(state);
  }

  // Python hears of edits once the keys have been quiet for a moment.
  revise(state = this.revision) {
    this.revision = state;
    clearTimeout(this.quiet);
    this.quiet = setTimeout(() => this.component.setStateValue("revision", state), QUIET_MS);
  }

  // The address names the state of the bouts, so the browser itself knows when they are the same.
  async fetchBouts(url) {
    try {
      const { bouts } = JSON.parse(new TextDecoder().decode(await load(url)));
      if (url !== this.facts.urls.bouts) return;
      this.facts.bouts = bouts;
      this.timeline.set(this.facts);
      this.draw();
    } catch (error) {
      this.note(`The bouts cannot be read: ${error.message}`);
    }
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
    const first = this.firstFrame(); // before the first picture overwrites what was remembered
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
      if (this.source === source) this.seek(first);
    };
    video.src = this.facts.urls.file;
  }

  openStills(reason) {
    const first = this.frame ?? this.firstFrame();
    this.source?.close();
    this.find("video").hidden = true;
    this.find(".still").hidden = false;
    this.note(reason);
    this.source = new StillSource(this.find(".still"), this.facts.urls.frame, this.times,
      (n) => this.arrived(n), (text) => this.note(text));
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

  // Go where Python asked to; with a last frame, play up to it.
  visit() {
    const { go, stop } = this.facts;
    this.source?.pause();
    this.seek(go);
    if (stop !== null && stop > go) this.play({ start: go, stop });
  }

  // Play from a frame to another (exclusive), once or again and again.
  async play(clip) {
    this.clip = null;
    this.source.pause();
    this.seek(clip.start);
    for (let i = 0; i < 80 && (this.source.busy || this.frame !== clip.start); i++) await wait(25);
    this.clip = clip;
    this.start();
  }

  // While a clip plays: at its end stop on its last frame, or begin again.
  turn(frame) {
    if (!this.clip || this.source.paused || frame < this.clip.stop - 1) return;
    const { start, stop, loop } = this.clip;
    if (loop) { this.seek(start); return; }
    this.clip = null;
    this.source.pause();
    this.seek(stop - 1);
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
    this.clip = null;
    if (this.source.paused) this.start(); else this.source.pause();
    this.state();
  }

  start() {
    const speed = Number(this.find(".speed").value);
    this.source.play(speed).catch((error) => this.note(`Cannot play: ${error.message}`));
  }

  key(event) {
    event.stopPropagation(); // Streamlit's own hotkeys (c, r) must not fire while one watches
    if (event.target.matches("input, select, textarea, [contenteditable]")) return;
    if (event.target.matches("button") && [" ", "Enter"].includes(event.key)) return;
    if (this.toolbox.ask("key", event)) { event.preventDefault(); return; }
    if (event.ctrlKey || event.metaKey || event.altKey) return;
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
    this.turn(frame);
    this.toolbox.tell("arrived", frame);
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
    this.drawTracks(pen, unit);
    this.toolbox.tell("draw", pen, unit, this);
  }

  drawTracks(pen, unit) {
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
      doing[k].hidden = !this.facts.bouts.length;
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
    pen.lineCap = "butt"; // round ends would show as beads where they overlap
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
    clearTimeout(this.quiet);
    this.toolbox.close();
    this.queue?.close();
    this.resize.disconnect();
    this.source?.close();
  }
}

const players = new WeakMap();

export default function (component) {
  const { data, parentElement } = component;
  if (!players.has(parentElement)) players.set(parentElement, new Player(parentElement));
  const player = players.get(parentElement);
  player.component = component;
  player.update(data);
  return () => {
    players.get(parentElement)?.close();
    players.delete(parentElement);
  };
}
