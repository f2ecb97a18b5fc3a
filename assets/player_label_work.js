// One frame while it is corrected: its outlines, and every change of them saved at once.
//
// The outlines are those of the page until the server says otherwise: what is asked of the server
// meanwhile (an outline under a click, an undo) comes in order, also when another frame is shown.

class LabelWork {
  constructor(editor, at) {
    Object.assign(this, { editor, at, labels: [], revision: null, loaded: false, chain: Promise.resolve(),
      busy: 0, unsaved: 0 });
  }

  async read() {
    const { video, frame } = this.at, query = new URLSearchParams({ name: this.editor.name });
    this.take(JSON.parse(new TextDecoder().decode(await load(`/data/videos/${video}/labels/${frame}?${query}`))));
  }

  // What the server has stands.
  take({ labels, ...found }) {
    const { revision, author, state } = found;
    Object.assign(this, found, { loaded: true });
    Object.assign(this.at, { state, author, revision });
    const { picked } = this.editor, chosen = picked ? this.labels.indexOf(picked) : -1;
    this.labels = labels.map((one) => ({ kind: one.class, animal: one.animal_id, mask: maskFromRuns(one) }));
    if (chosen >= 0) this.editor.picked = this.labels[chosen] ?? null;
    this.editor.changed(this);
  }

  // Something that takes time, after everything that was asked before.
  after(act) {
    this.busy += 1;
    this.editor.changed(this);
    this.chain = this.chain.then(act).catch((error) => this.editor.note(error.message)).finally(() => {
      this.busy -= 1;
      this.editor.changed(this);
    });
    return this.chain;
  }

  get records() {
    return this.labels.map(({ kind, animal, mask: { x0, y0, width, height }, mask }) => (
      { class: kind, animal_id: animal, x0, y0, width, height, rle: maskAsText(mask) }));
  }

  // A frame that is right stays so while it is touched up; any other is begun.
  save(right = false) {
    const origin = right || this.at.state === "corrected" ? "person" : "draft", author = this.editor.name;
    const state = origin === "person" ? "corrected" : "begun";
    Object.assign(this, { origin, author, undo: true, redo: false });
    Object.assign(this.at, { state, author });
    this.push({ frame: this.at.frame, labels: this.records, origin, was: this.revision ?? 0 }); // 0: nothing
    this.revision ??= 0; // its number is on its way
    this.editor.changed(this);
  }

  // Neither labelled nor proposed any more; it stays in sight until the page is opened anew.
  clear() {
    this.labels = [];
    Object.assign(this, { origin: null, author: "", undo: true, redo: false });
    this.at.state = "off";
    this.push({ frame: this.at.frame, was: this.revision ?? 0 }, "labels.clear");
    this.editor.changed(this);
  }

  push(data, kind = "labels.save") {
    const queue = this.editor.queueOf(this.at.video);
    const wait = queue.push(kind, { ...data, window: queue.own.client }); // one may label in two windows
    this.newest = wait.seq;
    this.unsaved += 1;
    wait.then((told) => this.told(told, data, kind));
  }

  told({ seq, error, revision_id: revision }, data, kind) {
    this.unsaved -= 1;
    if (error?.includes("meanwhile")) {
      this.push({ ...data, over: true }, kind); // nobody's work is lost: theirs comes back by Undo
      this.editor.note(`${error.split(" changed")[0]} changed this frame meanwhile. Yours goes on top; Undo shows theirs.`);
    } else if (error) { // also a draft over what somebody else corrected: theirs is shown again
      this.editor.note(error);
      if (!this.unsaved) this.after(() => this.read()); // what was refused is not shown as if it stood
    } else if (seq === this.newest) this.revision = revision;
  }

  step(what) {
    return this.after(async () => {
      const { video, frame } = this.at;
      const told = await this.editor.queueOf(video).push(what, { scope: "labels", frame });
      if (told.error) throw new Error(told.error);
      await this.read();
      this.editor.say(what === "undo" ? "Taken back." : "Done again.");
    });
  }

  // -- changing outlines; a pixel belongs to one animal

  put(label, mask, { takes = true } = {}) {
    const others = this.labels.filter((one) => one !== label);
    let made = mask;
    if (takes) {
      for (const other of others) other.mask = withoutMask(other.mask, mask);
    } else for (const other of others) made = made && withoutMask(made, other.mask);
    this.labels = this.labels.filter((one) => one.mask);
    if (!made) return null;
    label.mask = made;
    if (!this.labels.includes(label)) this.labels.push(label);
    return label;
  }

  cut(label, mask) {
    const left = withoutMask(label.mask, mask);
    if (left) label.mask = left; else this.drop(label);
  }

  // How many pixels an animal of this kind covers in this video; undefined where too few are known.
  usual({ kind, mask }) {
    const { video } = this.at, known = this.editor.videos.get(video).usual?.[kind];
    if (known) return known;
    const here = [...this.editor.works.values()].filter((one) => one.at.video === video).flatMap((one) => one.labels);
    const areas = here.filter((one) => one.kind === kind && one.mask !== mask).map((one) => areaOfMask(one.mask));
    return areas.length < 3 ? undefined : areas.sort((a, b) => a - b)[areas.length >> 1];
  }

  drop(label) { this.labels = this.labels.filter((one) => one !== label); }

  under(place) { return this.labels.findLast((one) => maskHas(one.mask, place.x, place.y)) ?? null; }
}
