// The player: a <video> under a <canvas>, stepping and drawing in the browser alone.
//
// Frame n of a video lasts from times[n] to times[n + 1]. Every seek aims at the middle of that
// interval, because aiming at its edge shows the frame before in about a third of all seeks.
// Names and numbers from the study reach the page through textContent or the canvas only.

const SPEEDS = [0.1, 0.25, 0.5, 1, 2, 4, 8];
const SWITCHES = [["masks", "Masks"], ["ids", "Names"], ["trails", "Trails"], ["points", "Points"],
  ["regions", "Regions"]];
const QUIET_MS = 400;

class Player {
  constructor(parent) {
    this.find = (selector) => parent.querySelector(selector);
    this.root = this.find(".player");
    this.show = { masks: true, ids: true, trails: true, points: true, regions: true,
      ...remember("show") };
    this.hidden = new Set();
    this.picture = new Picture(this);
    this.toolbox = new Toolbox(this);
    this.help = new Help(this);
    this.timeline = this.makeTimeline();
    this.resize = new ResizeObserver(() => { this.draw(); this.timeline.draw(); });
    this.resize.observe(this.find(".stage"));
    this.resize.observe(this.find(".rows"));
    this.watchAway();
    this.states = new Set(); // of the bouts, that are past
    this.fetched = 0;
    this.controls();
  }

  // Scrolled down to the panels, the picture comes along in a corner.
  watchAway() {
    const top = this.find(".top");
    this.inView = new IntersectionObserver(([{ intersectionRatio: ratio }]) => {
      const away = ratio < 0.4 && Boolean(this.facts?.tools?.includes("score"));
      if (away && !this.root.classList.contains("away")) {
        this.root.style.setProperty("--held", `${top.offsetHeight}px`);
      }
      this.root.classList.toggle("away", away);
      this.draw();
    }, { threshold: [0, 0.2, 0.4, 0.6] });
    this.inView.observe(top);
  }

  makeTimeline() {
    const [box, inner, canvas, head, axis, tip] = [".rows", ".inner", ".timeline", ".head", ".axis",
      ".tip"].map(this.find);
    return new Timeline({ box, inner, canvas, head, axis, tip }, {
      seek: (frame) => { this.clip = null; this.root.focus({ preventScroll: true }); this.seek(frame); },
      select: (bout) => this.select(bout),
      play: (bout) => this.loop(bout),
      editable: (bout) => this.toolbox.ask("editable", bout),
      change: (bout, fields) => this.toolbox.tell("change", bout, fields),
      zoomed: (zoomed) => { this.find(".whole").disabled = !zoomed; },
    });
  }

  // A bout is chosen on the timeline or by keys; the tools may offer to change it.
  select(bout) {
    this.timeline.chosen = bout && nameOf(bout);
    this.timeline.draw();
    this.toolbox.tell("selected", bout);
  }

  loop(bout) {
    if (bout.open) return;
    this.play({ start: bout.start_frame, stop: Math.max(bout.stop_frame, bout.start_frame + 2), loop: true });
  }

  controls() {
    for (const button of this.root.querySelectorAll("[data-step]")) {
      button.onclick = () => this.step(Number(button.dataset.step));
    }
    this.find(".play").onclick = () => this.toggle();
    this.find(".speed").replaceChildren(...SPEEDS.map((speed) => new Option(`${speed}×`, speed)));
    this.find(".speed").value = "1";
    this.find(".speed").onchange = () => {
      if (!this.source?.paused) this.start();
      this.root.focus({ preventScroll: true });
    };
    for (const [name, act] of [["closer", () => this.timeline.zoom(2)],
      ["wider", () => this.timeline.zoom(0.5)], ["whole", () => this.timeline.show(0, this.facts.frames)],
      ["keys", () => this.help.toggle()]]) this.find(`.${name}`).onclick = act;
    this.find(".jump").onchange = (event) => this.jump(event.target.value);
    this.find(".switches").replaceChildren(...SWITCHES.map(([name, label]) => this.switch(name, label)));
    this.root.onkeydown = (event) => this.key(event);
    // Keys that go to nothing on the page are the player's, as in a window of its own; also those
    // that Streamlit's notice of a lost server would swallow, but for the ones that close it.
    this.loose = (event) => {
      const notice = event.target.closest?.("[role=dialog]")?.textContent.includes("Connection error");
      const closes = ["Escape", "Enter", "Tab", " "].includes(event.key);
      if (this.facts && (event.target === document.body || (notice && !closes))) this.key(event);
    };
    window.addEventListener("keydown", this.loose, true);
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
    const before = this.facts, same = before?.id === facts.id && before.hash === facts.hash;
    this.facts = { ...facts, bouts: same ? before.bouts : [] };
    this.openQueue(before);
    this.legend();
    this.toolbox.set(this.facts);
    this.root.classList.toggle("picks", this.toolbox.ask("picks"));
    this.showBouts();
    this.hear(new URL(facts.urls.bouts, document.baseURI).searchParams.get("state"));
    if (same) {
      if (before.run !== facts.run || before.tracks !== facts.tracks) this.openOverlay();
      const wish = ({ go, stop, asked }) => [go, stop, asked].join();
      if (this.times && facts.go !== null && wish(facts) !== wish(before)) this.visit();
      this.draw();
      return;
    }
    this.root.style.setProperty("--ar", facts.width / facts.height);
    this.find(".of").textContent = `of ${facts.frames - 1}`;
    this.note("");
    this.root.dataset.state = "loading";
    this.begun = false;
    this.openOverlay();
    this.overlay.at(this.firstFrame()); // its tracks come while the times are read
    try {
      this.times = new Float64Array(await load(facts.urls.times));
    } catch (error) {
      this.note(`The frame times cannot be read: ${error.message}`);
      return;
    }
    this.timeline.times = this.times;
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
      saved: (results, state, steps) => this.saved(results, state, steps),
    });
    this.queue.name = facts.annotator ?? remember("annotator") ?? facts.user ?? "";
  }

  saved(results, state, steps) {
    for (const { error, note } of results) if (error || note) this.note(error || note);
    this.toolbox.tell("saved", results, steps);
    if (results.every((result) => result.error)) { this.showBouts(); return; }
    const far = results.some((r) => r.merged?.length || ["undo", "redo"].includes(r.kind));
    if (state !== undefined) this.hear(state, true, far);
    this.showBouts();
    this.revise();
  }

  // Python hears of edits once the keys have been quiet for a moment.
  revise() {
    this.revision = (this.revision ?? 0) + 1;
    this.wait();
  }

  wait() {
    clearTimeout(this.quiet);
    if (this.revision === this.revised) return;
    const ms = Math.max(...this.toolbox.tools.map((tool) => tool.quietMs ?? QUIET_MS), 0);
    this.quiet = setTimeout(() => {
      if (this.queue?.unsaved) { this.wait(); return; }
      this.revised = this.revision;
      this.component.setStateValue("revision", `${Date.now()}.${this.revision}`);
    }, ms);
  }

  // The bouts have a state; one that was left behind is not gone back to, unless an edit says so.
  // What the person did is drawn already, so only edits with far effects are fetched at once.
  hear(state, sure = false, now = !sure) {
    if (!sure && this.states.has(state)) return;
    if (this.heard !== undefined && this.heard !== state) this.states.add(this.heard);
    this.states.delete(state);
    this.heard = state;
    if (now && this.shown !== state) this.fetchBouts(state);
  }

  async fetchBouts(state) {
    const order = ++this.fetched, { bouts: url } = this.facts.urls;
    this.toolbox.tell("asking", order);
    try {
      const buffer = await load(`${url.split("?")[0]}?state=${encodeURIComponent(state)}`);
      if (order !== this.fetched) return;
      this.facts.bouts = JSON.parse(new TextDecoder().decode(buffer)).bouts;
      this.shown = state;
      this.toolbox.tell("fetched", order);
      this.showBouts();
    } catch (error) {
      this.note(`The bouts cannot be read: ${error.message}`);
    }
  }

  // The study's bouts, as the tools know them by now.
  showBouts() {
    this.bouts = this.toolbox.through("bouts", this.facts.bouts);
    this.timeline.open = this.bouts.some((bout) => bout.open);
    this.timeline.set(this.bouts, this.facts);
    this.draw();
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
    const source = new VideoSource(video, this.find(".still"), this.facts.urls.frame, this.times,
      (n) => this.arrived(n));
    this.source = source;
    video.hidden = false;
    this.find(".still").hidden = true;
    video.onerror = () => source.revive();
    source.onBroken = () => {
      if (this.source === source) this.openStills(
        "This browser cannot play the file, so the server sends its frames one by one.");
    };
    // Wait for the first picture, whose own time tells where the file's clock starts.
    video.onloadeddata = async () => {
      for (let i = 0; i < 20 && source.shown === undefined; i++) await wait(25);
      if (this.source === source) this.begin(first);
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
    this.begin(first);
  }

  // Where the person has gone by now comes before where the film was to open.
  begin(first) {
    const { early } = this;
    this.begun = true;
    this.early = undefined;
    if (early !== undefined) this.seek(early);
    else if (this.facts.go !== null && this.facts.stop !== null) this.visit();
    else this.seek(first);
  }

  note(text) {
    this.find(".note").textContent = text;
    this.find(".note").hidden = !text;
  }

  // -- moving

  // A film that is still opening keeps the newest wish: only its first picture tells its clock.
  seek(frame) {
    if (!this.facts) return;
    this.wanted = clamp(Math.round(frame), 0, this.facts.frames - 1);
    if (this.begun) this.source.seek(this.wanted); else this.early = this.wanted;
  }

  // Go where Python asked to; with a last frame, play up to it.
  visit() {
    const { go, stop } = this.facts;
    this.root.scrollIntoView({ block: "nearest" });
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
    this.clip = null;
    this.source?.pause();
    const going = this.early !== undefined || this.source?.busy;
    this.seek((going ? this.wanted : this.frame ?? 0) + frames);
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
    if (event.target.matches?.("input, select, textarea, [contenteditable]")) return;
    if (event.target.matches("button") && [" ", "Enter"].includes(event.key)) return;
    this.wait(); // Python waits while keys keep coming
    if (this.help.key(event) || this.toolbox.ask("key", event)) { event.preventDefault(); return; }
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const far = event.shiftKey ? 10 : 1;
    const act = {
      " ": () => this.toggle(),
      ArrowLeft: () => this.step(-far), ",": () => this.step(-1), "<": () => this.step(-10),
      ArrowRight: () => this.step(far), ".": () => this.step(1), ">": () => this.step(10),
      Home: () => this.seek(0), End: () => this.seek(this.facts.frames - 1),
      "[": () => this.next(-1), "]": () => this.next(1),
      "+": () => this.timeline.zoom(2), "=": () => this.timeline.zoom(2),
      "-": () => this.timeline.zoom(0.5), 0: () => this.timeline.show(0, this.facts.frames),
      Escape: () => { this.clip = null; this.select(null); this.note(""); },
    }[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  }

  // To the next or the previous bout of those that may be changed, or of all where there are none.
  next(way) {
    const own = this.bouts.filter((bout) => !bout.open && this.toolbox.ask("editable", bout));
    const all = (own.length ? own : this.bouts.filter((bout) => !bout.open))
      .sort((a, b) => a.start_frame - b.start_frame || a.stop_frame - b.stop_frame);
    const chosen = all.findIndex((bout) => nameOf(bout) === this.timeline.chosen);
    const here = this.source?.busy ? this.wanted : this.frame;
    const count = (test) => all.filter(test).length;
    const at = chosen >= 0 ? chosen + way : way > 0 ? count((bout) => bout.start_frame <= here)
      : count((bout) => bout.start_frame < here) - 1;
    if (!all[at]) return;
    this.select(all[at]);
    this.step(0);
    this.seek(all[at].start_frame);
  }

  // -- showing

  arrived(frame) {
    this.frame = frame;
    this.toolbox.tell("arrived", frame);
    this.draw();
    this.timeline.follow(frame);
    const { times, facts } = this;
    const jump = this.find(".jump");
    if (jump.getRootNode().activeElement !== jump) jump.value = frame;
    this.find(".clock").textContent = `${times[frame].toFixed(3)} s of ${facts.duration.toFixed(1)} s`;
    this.root.dataset.frame = frame;
    this.turn(frame);
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

  // The animals, and whoever else is scored; made anew only when they are others.
  legend() {
    const { animals, subjects = [] } = this.facts;
    const others = subjects.filter((name) => !animals.some((animal) => animal.name === name));
    const entries = [...animals, ...others.map((name) => ({ id: null, name }))];
    const made = JSON.stringify([this.facts.id, entries]);
    if (made !== this.legendMade) {
      this.legendMade = made;
      this.find(".legend").replaceChildren(...entries.map((animal, k) => this.entry(animal, k)));
    }
  }

  // Where subjects are scored the name picks its animal; else it shows or hides it, as the eye does.
  entry(animal, k) {
    const [row, pick, eye] = ["div", "button", "button"].map((tag) => document.createElement(tag));
    row.className = "animal";
    row.dataset.name = animal.name;
    pick.type = eye.type = "button";
    const [dot, name, where, doing] = ["i", "span", "span", "em"].map((t) => document.createElement(t));
    dot.style.background = animal.id === null ? "transparent" : colourOf(k);
    dot.style.color = inkOn(colourOf(k));
    dot.dataset.digit = k < 9 ? k + 1 : "";
    name.textContent = animal.name;
    where.className = "where";
    pick.className = "pick";
    pick.append(dot, name, where, doing);
    const show = () => {
      if (!this.hidden.delete(animal.id)) this.hidden.add(animal.id);
      eye.setAttribute("aria-pressed", !this.hidden.has(animal.id));
      row.classList.toggle("off", this.hidden.has(animal.id));
      this.draw();
    };
    pick.onclick = () => { if (!this.toolbox.ask("pick", animal.name)) show(); };
    pick.title = "Choose this animal, or show and hide it";
    eye.className = "eye";
    eye.append(this.find(".eye-shape").content.cloneNode(true));
    eye.hidden = animal.id === null;
    eye.setAttribute("aria-label", `Show ${animal.name}`);
    eye.setAttribute("aria-pressed", !this.hidden.has(animal.id));
    eye.onclick = show;
    row.append(pick, eye);
    return row;
  }

  draw() {
    const canvas = this.find(".overlay");
    if (!this.facts || this.frame === undefined || !this.times || !canvas.clientWidth) return;
    const pen = fit(canvas, canvas.clientWidth, canvas.clientHeight);
    const scale = canvas.clientWidth / this.facts.width;
    pen.scale(scale, scale); // from here on in video pixels
    pen.lineJoin = pen.lineCap = "round";
    const animals = this.facts.animals.map((animal, k) => ({ ...animal, order: k, colour: colourOf(k) }));
    const chunk = this.overlay?.at(this.frame);
    this.where(animals, chunk);
    delete canvas.dataset.frame;
    this.picture.draw(pen, 1 / scale, chunk, animals);
    this.toolbox.tell("draw", pen, 1 / scale, this);
  }

  // Beside each animal: where it is and what it is doing in the frame on the screen.
  where(animals, chunk) {
    const cells = this.root.querySelectorAll(".where"), doing = this.root.querySelectorAll(".animal em");
    const now = this.bouts.filter((b) => b.start_frame <= this.frame
      && (this.frame < b.stop_frame || b.open || (b.kind === "point" && b.start_frame === this.frame)));
    const perUnit = this.facts.perCm || 1, unit = this.facts.perCm ? "cm" : "px";
    const digits = this.facts.perCm ? 1 : 0;
    animals.forEach((animal, k) => {
      const at = chunk?.position(this.frame, animal.id);
      const text = at && `${(at.x / perUnit).toFixed(digits)}, ${(at.y / perUnit).toFixed(digits)} ${unit}`;
      if (!cells[k]) return;
      cells[k].textContent = chunk ? text || "not found" : "";
      const words = now.filter((bout) => bout.subject === animal.name)
        .map((bout) => [bout.behaviour, bout.target].filter(Boolean).join(" → "));
      doing[k].textContent = [...new Set(words)].join(", ") || "–";
      doing[k].hidden = !this.bouts.length;
    });
  }

  close() {
    clearTimeout(this.quiet);
    window.removeEventListener("keydown", this.loose, true);
    this.toolbox.close();
    this.queue?.close();
    this.resize.disconnect();
    this.inView.disconnect();
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
