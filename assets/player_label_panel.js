// The side of the editor: the animals of the frame, the tools, and what ends a frame.

const LABEL_TOOLS = [["click", "Click", "K"], ["box", "Box", "X"], ["draw", "Draw", "M"],
  ["paint", "Paint", "B"], ["erase", "Erase", "E"]];

function labelButton(text, key, act, more = {}) {
  const { main, ...fields } = more;
  return element("button", { type: "button", onclick: act, className: main ? "main" : "", ...fields },
    text, ...(key ? [element("kbd", { textContent: key })] : []));
}

class LabelPanel {
  constructor(editor) {
    this.editor = editor;
    this.title = element("div", { className: "label-title" });
    this.list = element("div", { className: "label-animals" });
    this.tools = LABEL_TOOLS.map(([name, text, key]) => {
      const button = labelButton(text, key, () => { editor.choose(name); editor.focus(); });
      button.dataset.tool = name;
      return button;
    });
    this.size = element("input", { type: "range", min: 1, max: 60, oninput: () => editor.brush(Number(this.size.value)) });
    this.size.setAttribute("aria-label", "Size of the brush");
    this.light = element("input", { type: "range", min: 0.5, max: 4, step: 0.1, value: 1,
      oninput: () => editor.lighten(Number(this.light.value)), ondblclick: () => editor.lighten(1) });
    this.light.setAttribute("aria-label", "Brightness");
    this.right = labelButton("This frame is right", "Enter", () => { editor.accept(); editor.focus(); }, { main: true });
    this.nobody = labelButton("Nobody here", "0", () => { editor.clear(); editor.focus(); });
    this.undo = labelButton("Undo", "U", () => { editor.step("undo"); editor.focus(); });
    this.redo = labelButton("Redo", "Shift U", () => { editor.step("redo"); editor.focus(); });
    this.keys = labelButton("Keys", "?", () => editor.help.toggle());
    this.off = labelButton("Off the list", "", () => { editor.takeOff(); editor.focus(); },
      { title: "This frame need not be labelled" });
    this.called = element("input", { maxLength: 60, spellcheck: false, onchange: () => { editor.call_(this.called.value); editor.focus(); } });
    this.called.setAttribute("list", "label-classes");
    this.known = element("datalist", { id: "label-classes" });
    this.who = element("label", { className: "who" });
    this.saved = element("span", { className: "saved" });
    this.saved.setAttribute("role", "status");
    this.engine = element("p", { className: "label-engine" });
    editor.find(".label-side").append(this.title, this.list,
      element("div", { className: "label-line" }, ...this.tools),
      element("div", { className: "label-sliders" },
        element("label", {}, element("span", {}, "Brush ", element("kbd", { textContent: "[" }), " ", element("kbd", { textContent: "]" })), this.size),
        element("label", {}, "Brightness ", this.light),
        element("label", {}, "New outline is", this.called), this.known),
      element("div", { className: "label-line" }, this.right, this.nobody, this.off),
      element("div", { className: "label-line" }, this.undo, this.redo, this.keys),
      element("div", { className: "label-foot" }, this.who, this.saved, this.engine));
  }

  // Who labels: whoever is signed in, or a name that this browser remembers.
  setWho(facts) {
    if (facts.annotator) { this.who.replaceChildren("Labelling as ", element("b", { textContent: facts.annotator })); return; }
    if (this.name) return;
    this.name = element("input", { value: this.editor.name, maxLength: 80, spellcheck: false,
      onchange: () => this.editor.call(this.name.value.trim()) });
    this.name.onkeydown = ({ key }) => { if (["Enter", "Escape"].includes(key)) this.editor.focus(); };
    this.who.replaceChildren("Labelling as ", this.name);
  }

  update() {
    const { editor } = this, { at, work, picked } = editor, edits = editor.mayEdit && Boolean(work?.loaded);
    this.title.hidden = !at;
    if (at) this.title.replaceChildren(...this.facts(at, work));
    this.list.replaceChildren(...(work?.labels ?? []).map((label, k) => this.row(label, k, label === picked)));
    if (work?.loaded && !work.labels.length) {
      this.list.append(element("p", { textContent: work.revision ? "Nobody is in this frame."
        : "Nothing is outlined yet: click an animal in the picture." }));
    }
    for (const button of this.tools) {
      button.setAttribute("aria-pressed", button.dataset.tool === editor.tool);
      button.disabled = !edits;
    }
    this.size.value = editor.radius;
    this.light.value = editor.view.light;
    this.right.disabled = this.nobody.disabled = !edits;
    this.off.hidden = !edits || at.state === "corrected" || at.state === "off";
    this.called.value = editor.kind ?? "";
    this.called.disabled = !edits;
    this.known.replaceChildren(...editor.classes.map((name) => new Option(name)));
    this.undo.disabled = !edits || !work.undo;
    this.redo.disabled = !edits || !work.redo;
    this.engine.textContent = editor.engine ? `Outlines by ${editor.engine}.` : "";
  }

  facts(at, work) {
    const { editor } = this, video = editor.videos.get(at.video), time = at.frame / video.fps;
    const [sign, words] = STRIP_STATES[at.state] ?? ["", at.state];
    const state = element("span", { className: "label-state", textContent: `${sign} ${words}` });
    state.dataset.state = at.state;
    return [element("b", { textContent: `Frame ${at.frame}` }), state,
      element("small", { textContent: `${video.name} · ${clock(time, 0.1)}` }),
      element("small", { textContent: this.origin(at, work) })].filter((one) => one.textContent);
  }

  // Where the outlines come from.
  origin(at, work) {
    if (!work?.revision) return at.why ?? "";
    const origin = work.origin ?? "", { author } = work, by = author ? ` by ${author}` : "";
    if (origin === "person") return `Corrected${by}`;
    if (origin === "draft") return `Begun${by}: Enter says that it is right`;
    if (origin === "background") return "Outlined by difference from the empty arena";
    if (origin === "pose") return "Outlined around labelled poses";
    if (origin.startsWith("network:")) return `Outlined by the network ${origin.slice(8)}`;
    if (origin.startsWith("import:")) return `Imported from ${origin.slice(7)}${by}`;
    return origin;
  }

  row(label, k, picked) {
    const { editor } = this, colour = colourOf(k);
    const dot = element("i", { textContent: k < 9 ? k + 1 : "" });
    Object.assign(dot.style, { background: colour, color: inkOn(colour) });
    const pick = element("button", { type: "button", className: "label-pick", onclick: () => { editor.pick(label); editor.focus(); } },
      dot, element("span", { textContent: editor.classes.length > 1 ? "" : label.kind }),
      element("small", { textContent: `${areaOfMask(label.mask).toLocaleString("en")} px` }));
    const row = element("div", { className: picked ? "label-animal picked" : "label-animal" }, pick);
    if (editor.classes.length > 1) {
      const kinds = element("select", { disabled: !editor.mayEdit, onchange: () => { editor.name_(label, kinds.value); editor.focus(); } },
        ...editor.classes.map((name) => new Option(name, name)));
      kinds.value = label.kind;
      kinds.setAttribute("aria-label", `Class of outline ${k + 1}`);
      row.append(kinds);
    }
    if (editor.mayEdit) {
      const drop = element("button", { type: "button", className: "label-drop", textContent: "×", title: "Remove (Del)",
        onclick: () => { editor.remove(label); editor.focus(); } });
      drop.setAttribute("aria-label", `Remove outline ${k + 1}`);
      row.append(drop);
    }
    return row;
  }
}
