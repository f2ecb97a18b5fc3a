// The frames to correct, as small pictures with their state.

const STRIP_STATES = {
  proposed: ["○", "to correct"], sure: ["◐", "outlined, and sure"], begun: ["◑", "begun"],
  corrected: ["✓", "corrected"], off: ["–", "off the list"],
};
const STRIP_SHOWN = [["", "All frames"], ["open", "Still to do"], ["corrected", "Corrected"]];

class LabelStrip {
  constructor(editor) {
    this.editor = editor;
    this.count = element("strong", { className: "label-count" });
    this.bar = element("progress", { max: 1, value: 0 });
    this.bar.setAttribute("aria-label", "Frames corrected");
    this.which = element("select", { onchange: () => { this.update(); editor.focus(); } },
      ...STRIP_SHOWN.map(([value, text]) => new Option(text, value)));
    this.which.setAttribute("aria-label", "Which frames");
    this.list = element("div", { className: "label-list" });
    this.list.setAttribute("role", "listbox");
    this.list.setAttribute("aria-label", "Frames");
    this.entries = new Map();
    editor.find(".label-strip").append(this.count, this.bar, this.which, this.list);
  }

  get shown() {
    const { value } = this.which, { frames } = this.editor;
    if (!value) return frames;
    return frames.filter((one) => one.state !== "off" && (one.state === "corrected") === (value === "corrected"));
  }

  update() {
    const frames = this.editor.frames.filter((one) => one.state !== "off"), done = frames.filter((one) => one.state === "corrected").length;
    this.count.textContent = `${done} of ${frames.length} corrected`;
    this.bar.value = frames.length ? done / frames.length : 0;
    const { shown } = this, rows = [];
    let last = null;
    for (const one of shown) {
      if (one.video !== last && this.editor.videos.size > 1) {
        rows.push(element("h6", { textContent: this.editor.videos.get(one.video).name }));
      }
      last = one.video;
      rows.push(this.entry(one));
    }
    if (!shown.length && this.editor.frames.length) rows.push(element("p", { textContent: "No frame is in this state." }));
    const keep = this.list.scrollTop;
    this.list.replaceChildren(...rows);
    this.list.scrollTop = keep;
  }

  // Entries are kept, so that their pictures are loaded once.
  entry(one) {
    const { editor } = this, video = editor.videos.get(one.video);
    let made = this.entries.get(one.key);
    if (!made) {
      const picture = element("img", { loading: "lazy", alt: "", src: editor.pictureOf(one, 192) });
      picture.style.aspectRatio = `${video.width} / ${video.height}`;
      const [mark, where, what] = ["i", "b", "small"].map((tag) => element(tag));
      const words = element("span", {}, where, what);
      const button = element("button", { type: "button", onclick: () => editor.open(one) }, picture, mark, words);
      button.setAttribute("role", "option");
      made = { button, mark, where, what };
      this.entries.set(one.key, made);
    }
    const [sign, words] = STRIP_STATES[one.state] ?? ["", one.state];
    made.where.textContent = `Frame ${one.frame}`;
    made.what.textContent = one.state === "proposed" && one.why ? one.why : words;
    made.mark.textContent = sign;
    made.button.dataset.state = one.state;
    made.button.dataset.key = one.key;
    made.button.title = [words, one.why, one.author && `last by ${one.author}`].filter(Boolean).join(" · ");
    made.button.setAttribute("aria-selected", one === editor.at);
    return made.button;
  }

  reveal() {
    this.entries.get(this.editor.at?.key)?.button.scrollIntoView({ block: "nearest" });
  }
}
