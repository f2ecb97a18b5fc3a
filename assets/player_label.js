// Labelling: the outlines of every animal in chosen frames, corrected with the mouse or the keys.

const LABEL_KEYS = ["Labelling", [
  ["Click", "outline the animal there; on an outline: choose it"],
  ["Drag", "draw around an animal"],
  ["Ctrl + click or drag", "add to the chosen outline"],
  ["Shift + click or drag", "take away from it (also the right button)"],
  ["1 … 9", "choose an outline"], ["A   Esc", "choose none: the next is a new animal"],
  ["X", "a box around an animal finds its outline"], ["M", "draw corner by corner, Enter ends"],
  ["B   E", "paint, erase with a brush"], ["[   ]", "smaller, larger brush"], ["K", "back to clicking"],
  ["C", "the next class, where there are several"], ["Del", "remove the chosen outline"],
  ["Enter", "this frame is right, go on"], ["0", "nobody is here"],
  ["N   P", "next, previous frame"], ["U   or   Ctrl + Z", "undo"],
  ["Shift + U   or   Ctrl + Shift + Z", "redo"]]];
const LABEL_LOOKING = ["Looking", [
  ["Wheel   +   −", "zoom"], ["F", "the whole picture"], ["Space + drag, middle button", "move the picture"],
  ["Arrows", "move a cross (Shift: ten pixels); Space clicks there"], ["H", "hold: the picture without outlines"],
  [",   .", "hold: the frame before, after"], ["?", "these keys"]]];
const LABEL_DRAG = 4; // CSS px from which on a press is a drag
const LABEL_LARGE = 2.5, LABEL_SMALL = 0.25; // of a usual animal: an outline beyond is looked at again
const LABEL_AHEAD = 2; // frames whose pictures are fetched before they are shown

class LabelEditor {
  constructor(parent) {
    this.find = (selector) => parent.querySelector(selector);
    this.root = this.find(".labeller");
    Object.assign(this, { frames: [], videos: new Map(), classes: [], works: new Map(), queues: new Map(), images: new Map(), picked: null,
      tool: "click", radius: remember("label.brush") ?? 6, name: "", kind: "", pen: null });
    this.view = new LabelView(this);
    this.strip = new LabelStrip(this);
    this.panel = new LabelPanel(this);
    this.help = new LabelHelp(this);
    this.root.onkeydown = (event) => this.key(event);
    this.loose = (event) => { if (event.target === document.body) this.key(event); };
    this.let = (event) => this.letGo(event);
    window.addEventListener("keydown", this.loose, true);
    window.addEventListener("keyup", this.let, true);
    this.pointing();
  }

  close() {
    window.removeEventListener("keydown", this.loose, true);
    window.removeEventListener("keyup", this.let, true);
    this.view.close();
    for (const queue of this.queues.values()) queue.close();
  }

  focus() { this.root.focus({ preventScroll: true }); }
  get ready() { return Boolean(this.mayEdit && this.work?.loaded); }

  // -- what Python and the server say

  async update(sent) {
    const first = !this.sent;
    this.sent = sent;
    this.mayEdit = sent.mayEdit;
    if (first) {
      this.name = sent.annotator ?? remember("annotator") ?? sent.user ?? "";
    }
    this.panel.setWho(sent);
    if (sent.list !== this.listed) await this.list(sent.list);
    else if (sent.asked !== this.asked) this.start();
    if (first) this.focus();
  }

  // What is changed is saved through one queue for each video.
  queueOf(video) {
    let queue = this.queues.get(video);
    if (!queue) {
      const { study, annotator } = this.sent, facts = { id: video, study, annotator };
      queue = new Queue(facts, { state: () => this.state(), saved: (results) => this.saved(video, results) });
      queue.name = this.name;
      this.queues.set(video, queue);
    }
    return queue;
  }

  state() {
    const all = [...this.queues.values()], unsaved = all.reduce((sum, queue) => sum + queue.unsaved, 0);
    const trouble = all.flatMap((queue) => queue.boxes).find((box) => box.trouble && box.entries.length)?.trouble;
    const many = unsaved > 1 ? ` (${unsaved} changes)` : "";
    this.panel.saved.textContent = !unsaved ? "saved" : trouble ? `not saved yet${many}: ${trouble}. Keep this page open.` : "saving…";
    this.panel.saved.classList.toggle("trouble", Boolean(trouble && unsaved));
    this.root.dataset.saved = this.panel.saved.textContent.split(/[:…( ]/)[0];
  }

  // What closed tabs left behind is of frames that are shown as they were before.
  saved(video, results) {
    for (const { client, data } of results) {
      const work = this.works.get(`${video}-${data.frame}`);
      if (work && client !== this.queues.get(video).own.client) work.after(() => work.read());
    }
  }

  async list(list) {
    this.listed = list;
    try {
      const found = JSON.parse(new TextDecoder().decode(await load("/data/labels")));
      if (list !== this.sent.list) return;
      const before = this.videos;
      this.videos = new Map(found.videos.map((one) => [one.id, one]));
      this.classes = found.classes;
      this.kind = this.classes.includes(this.kind) ? this.kind : this.classes[0];
      const known = new Map(this.frames.map((one) => [one.key, one]));
      const fresh = found.frames.map((one) => {
        const key = `${one.video}-${one.frame}`;
        return Object.assign(known.get(key) ?? {}, one, { key });
      });
      const off = this.frames.filter((one) => one.state === "off" && !fresh.includes(one));
      this.frames = [...fresh, ...off].sort((a, b) => a.video - b.video || a.frame - b.frame);
      for (const { video } of off) if (!this.videos.has(video)) this.videos.set(video, before.get(video));
      this.root.dataset.frames = this.frames.length;
      for (const id of this.videos.keys()) this.queueOf(id); // closed tabs may have left something
      this.start();
    } catch (error) {
      this.note(`The frames cannot be listed: ${error.message}`);
    }
  }

  // Where this browser left off, else the first frame to correct.
  start() {
    const { asked } = this.sent, left = remember(`label.at.${this.sent.study}`);
    const again = this.frames.find((one) => one.key === this.at?.key);
    const wanted = asked !== this.asked && this.frames.find((one) => one.key === asked);
    this.asked = asked;
    const next = wanted || again || (this.frames.find((one) => one.key === left)
      ?? this.frames.find((one) => one.state !== "corrected") ?? this.frames[0]);
    this.find(".label-empty").hidden = Boolean(next);
    this.find(".label-empty").textContent = "No frame is chosen yet. Propose frames above: those that differ most, from every video.";
    if (!next) { this.at = this.work = null; this.strip.update(); this.panel.update(); return; }
    this.open(next);
  }

  pictureOf({ video, frame }, width) {
    const { id, hash } = this.videos.get(video);
    const size = width ? `&width=${width}` : "";
    return `/data/videos/${id}/frame/${frame}.jpg?state=${encodeURIComponent(hash)}${size}`;
  }

  // A frame's picture; the newest of them are kept.
  image(at) {
    const url = this.pictureOf(at);
    let made = this.images.get(url);
    if (!made) {
      made = new Image();
      made.src = url;
      made.ready = made.decode().then(() => made);
      made.ready.catch(() => this.images.delete(url));
    }
    this.images.delete(url);
    this.images.set(url, made);
    while (this.images.size > 12) this.images.delete(this.images.keys().next().value);
    return made.ready;
  }

  // -- from frame to frame

  async open(at) {
    const other = at !== this.at;
    if (other) this.drop();
    this.at = at;
    remember(`label.at.${this.sent.study}`, at.key);
    let work = this.works.get(at.key);
    if (!work) this.works.set(at.key, work = new LabelWork(this, at));
    this.work = work;
    if (other) this.picked = null;
    this.facts = { ...this.videos.get(at.video), frame: at.frame };
    this.root.dataset.frame = at.key;
    this.root.dataset.state = "loading";
    if (other) this.note("");
    this.strip.update();
    this.strip.reveal();
    this.engine = this.facts.engine;
    this.panel.update();
    const read = this.read(work);
    try {
      const image = await this.image(at);
      if (at !== this.at) return;
      if (other) { this.view.image = image; this.view.fitIn(); } else this.view.show(image);
    } catch { if (at === this.at) { this.view.show(null); this.note("The picture of this frame cannot be shown: is the video still where it was?"); } }
    await read;
    if (at !== this.at) return;
    this.root.dataset.state = "ready";
    this.ahead();
  }

  // Read anew, as others may have corrected it; not while something of here is on its way.
  async read(work) {
    if (work.busy || work.unsaved) return;
    try { await work.read(); } catch (error) { this.note(`The labels cannot be read: ${error.message}`); }
  }

  ahead() {
    const here = this.frames.indexOf(this.at);
    for (const one of this.frames.slice(here + 1, here + 1 + LABEL_AHEAD)) {
      this.image(one).catch(() => {});
      if (this.works.has(one.key)) continue;
      const work = new LabelWork(this, one);
      this.works.set(one.key, work);
      this.read(work);
    }
  }

  go(way) {
    const { shown } = this.strip, here = shown.indexOf(this.at);
    const next = shown[here < 0 ? 0 : here + way];
    if (next) this.open(next); else this.say(way > 0 ? "This is the last frame." : "This is the first frame.");
  }

  // On to the next frame that is not corrected, from here on and then from the beginning.
  goOn() {
    const here = this.frames.indexOf(this.at);
    const next = [...this.frames.slice(here + 1), ...this.frames.slice(0, here)].find((one) => !["corrected", "off"].includes(one.state));
    if (next) this.open(next); else this.say("Every frame is corrected.");
  }

  // -- what is told

  note(text, ...buttons) {
    const box = this.find(".note");
    clearTimeout(this.quiet);
    box.replaceChildren(text, ...buttons);
    box.hidden = !text;
  }

  say(text) {
    this.note(text);
    this.quiet = setTimeout(() => this.note(""), 4000);
  }

  changed(work) {
    if (work !== this.work) { this.strip.update(); return; }
    if (this.picked && !work.labels.includes(this.picked)) this.picked = null;
    this.show();
    clearTimeout(this.tell);
    this.tell = setTimeout(() => this.component?.setStateValue("revision", `${Date.now()}`), 1500);
  }

  show() {
    this.strip.update();
    this.panel.update();
    this.hint();
    this.view.draw();
  }

  hint() {
    const { work, pen } = this, n = this.picked ? work.labels.indexOf(this.picked) + 1 : 0;
    const whom = n ? `outline ${n}` : "a new animal";
    const words = {
      click: `Click an animal, or drag around it.${n ? ` Outline ${n} is chosen: Ctrl + click adds, Shift + click takes away.` : ""}`,
      box: "Drag a box around one animal: its outline is found inside.",
      draw: `Around ${whom}: click corners or draw with the button held. Enter ends it, Backspace takes a corner back, Esc leaves.`,
      paint: `Paint ${whom}. [ and ] change the brush, Shift erases.`,
      erase: n ? `Erase from outline ${n}. [ and ] change the brush.` : "Erase from whatever the brush meets. [ and ] change it.",
    }[pen ? "draw" : this.tool];
    this.find(".label-hint").textContent = !this.mayEdit ? "Only annotators and owners of the study change labels."
      : work?.busy ? "Looking for the outline…" : words;
  }
}
