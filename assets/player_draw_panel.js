// What stands beside the picture while one draws: the tools, what is picked, scale and templates.

const DRAW_TOOLS = [
  ["select", "Select", "V"], ["polygon", "Polygon", "P"], ["rectangle", "Rectangle", "R"],
  ["circle", "Circle", "C"], ["line", "Line", "L"], ["point", "Point", "O"],
  ["outline", "Click an object", "K"],
];
const DRAW_HELP = {
  nothing: "Set the scale first: draw something whose size you know. Then draw the places that matter, "
    + "or start from a template. Everything is saved at once.",
  select: "Click a region to pick it, drag it or its corners. Arrow keys move what is picked by a pixel "
    + "(Shift: ten), N goes through its corners, [ ] through the regions, Del removes. Double click an edge for a new corner.",
  polygon: "Click each corner; double click, Enter or the first corner closes it. By keys: arrows move the "
    + "cross, Space sets a corner. Esc starts over.",
  rectangle: "Drag from corner to corner, or click two. By keys: arrows move the cross, Space sets a corner.",
  circle: "Drag from the middle to the rim, or click both. By keys: arrows move the cross, Space sets a point.",
  line: "Click along the line; double click or Enter ends it. By keys: arrows move the cross, Space sets a point.",
  point: "Click the place. By keys: arrows move the cross, Space sets the point.",
  outline: "Click an object in the arena: its outline becomes a region. By keys: arrows move the cross, Space clicks.",
  scale: "Draw something whose size you know, then type its size in cm.",
  template: "Drag the frame onto the apparatus; corners scale, edges stretch, the round handle turns (Shift: by 15°). "
    + "By keys: arrows move, + − scale, [ ] turn. Enter makes the regions.",
};
const SCALE_KINDS = [["line", "a length"], ["rectangle", "a rectangle"], ["circle", "a circle, across"]];

// An element with properties and children; text goes in as text, never as HTML.
function make(tag, properties = {}, ...children) {
  const { data = {}, aria = {}, ...rest } = properties;
  const node = Object.assign(document.createElement(tag), rest);
  Object.assign(node.dataset, data);
  for (const [name, value] of Object.entries(aria)) node.setAttribute(`aria-${name}`, value);
  node.append(...children);
  return node;
}

const button = (text, onclick, more = {}) => make("button", { type: "button", onclick, ...more }, text);
const spell = (value) => (value >= 100 ? value.toFixed(1) : value.toPrecision(4).replace(/\.?0+$/, ""));

class DrawPanel {
  constructor(tool) {
    Object.assign(this, { tool, scaleKind: "line", asking: null, measures: {} });
    this.scale = make("span", { className: "draw-scale" });
    this.tools = make("div", { className: "draw-tools", role: "toolbar", ariaLabel: "Drawing" });
    this.help = make("div", { className: "hint draw-help" });
    this.body = make("div", { className: "draw-body" });
    this.list = make("div", { className: "draw-list" });
    this.root = make("div", { className: "draw" }, this.tools, this.help, this.body, this.list);
    this.buttons();
  }

  // The scale, the shapes, and what is done with all of them, each in a row with its name.
  buttons() {
    const { tool } = this;
    const choice = (mode, text, title) => button(text, () => tool.choose(mode), { data: { mode }, title });
    const shapes = DRAW_TOOLS.map(([mode, text, key]) => choice(mode, text, `Key ${key}`));
    const row = (name, ...parts) => make("div", { className: "draw-line" },
      make("span", { className: "draw-name" }, name), make("div", { className: "draw-tools" }, ...parts));
    this.tools.className = "draw-groups";
    this.tools.append(
      row("Scale", this.scale, choice("scale", "Set…", "Key S")),
      row("Regions", ...shapes, choice("template", "Template…", "Regions of a common apparatus")),
      row("", button("Undo", () => tool.undo("undo"), { title: "Ctrl + Z" }),
        button("Redo", () => tool.undo("redo"), { title: "Ctrl + Shift + Z" })));
  }

  get mode() { return this.tool.mode; }
  get setup() { return this.tool.facts?.setup ?? {}; }

  update() { if (this.mode === "select") this.refresh(); }
  close() { this.drop(); }

  refresh() {
    for (const one of this.tools.querySelectorAll("[data-mode]")) {
      one.setAttribute("aria-pressed", one.dataset.mode === this.mode);
    }
    this.help.textContent = DRAW_HELP[this.mode];
    const { shape, perCm, shapes } = this.tool;
    if (this.mode === "select" && !shapes.length) this.help.textContent = DRAW_HELP.nothing;
    this.scale.textContent = perCm ? `${spell(perCm)} px/cm` : "not set: results are in pixels";
    this.scale.classList.toggle("missing", !perCm);
    const what = this.mode === "select" ? `region ${shape?.name ?? ""} ${shape?.role ?? ""}` : this.mode;
    if (what !== this.shown) {
      this.shown = what;
      this.asking = null;
      this.body.replaceChildren();
      if (this.mode === "scale") this.openScale();
      else if (this.mode === "select" && shape) this.openRegion(shape);
    }
    if (this.size && shape) this.size.textContent = this.sizeOf(shape);
    this.entries();
  }

  entries() {
    const { tool } = this;
    const made = tool.shapes.map((one) => button(one.name, () => {
      tool.choose("select");
      tool.pick(one.name);
      tool.show();
    }, { aria: { pressed: one.name === tool.picked }, title: one.role }));
    this.list.replaceChildren(...made);
  }

  // -- the picked region

  openRegion(shape) {
    this.name = make("input", { value: shape.name, maxLength: 200, onchange: () => this.rename() });
    this.name.setAttribute("aria-label", "Name of the region");
    this.name.onkeydown = (event) => {
      if (!["Enter", "Escape"].includes(event.key)) return;
      if (event.key === "Escape") this.name.value = this.tool.shape?.name ?? "";
      this.name.blur();
      this.tool.player.root.focus({ preventScroll: true });
    };
    const role = make("select", { onchange: () => this.tool.change({ role: role.value }) },
      ...[["region", "Region"], ["object", "Object"], ["arena", "Arena"]].map(([value, text]) => new Option(text, value)));
    role.value = shape.role;
    role.setAttribute("aria-label", "Role of the region");
    this.size = make("span", { className: "draw-size" });
    this.body.replaceChildren(
      make("label", {}, "Name", this.name), make("label", {}, "Is", role),
      ...(shape.role === "arena" ? [make("label", {}, "Animals in it", this.animalsIn(shape))] : []),
      make("div", { className: "draw-row" }, this.size, button("Delete", () => this.tool.remove())));
  }

  // How many live in an arena; empty is as many as in each of the others.
  animalsIn(shape) {
    const field = make("input", { inputMode: "numeric", size: 12, value: shape.animals ?? "", placeholder: "as in the others" });
    field.onchange = () => {
      const text = field.value.trim(), count = Math.round(Number(text)), { shape: now } = this.tool;
      if (text && !(count >= 1 && count <= 1000)) { field.value = now?.animals ?? ""; return; }
      this.tool.change({ animals: text ? count : undefined });
    };
    field.setAttribute("aria-label", "Animals in it");
    return field;
  }

  rename() {
    const name = this.name.value.trim(), { tool } = this, { shape } = tool;
    if (!shape || name === shape.name) return;
    if (!name) { this.name.value = shape.name; return; }
    if (tool.shapes.some((one) => one.name === name)) {
      tool.player.note(`There is a region “${name}” already: choose another name.`);
      this.name.value = shape.name;
      return;
    }
    this.shown = `region ${name} ${shape.role}`; // the field stays as it is
    tool.change({ name });
  }

  focusName() {
    if (!this.name) return;
    this.name.focus({ preventScroll: true });
    this.name.select();
  }

  sizeOf(shape) {
    const perCm = this.tool.perCm, area = areaOf(shape);
    if (shape.kind === "point") return shape.points[0].map((v) => spell(v)).join(", ") + " px";
    if (!area) {
      const long = lengthOf(shape);
      return perCm ? `${spell(long / perCm)} cm long` : `${spell(long)} px long`;
    }
    return perCm ? `${spell(area / perCm ** 2)} cm²` : `${Math.round(area)} px²`;
  }

  // -- the scale

  openScale() {
    const kind = make("select", { onchange: () => {
      this.scaleKind = kind.value;
      this.drop();
      this.openScale();
    } }, ...SCALE_KINDS.map(([value, text]) => new Option(text, value)));
    kind.value = this.scaleKind;
    const { shape } = this.tool, sides = shape ? measured(shape).length : 0;
    const from = sides ? [button(`Measure “${shape.name}”`, () => this.ask(shape))] : [];
    const forget = this.tool.perCm ? [button("Forget the scale", () => this.setScale(null))] : [];
    this.body.replaceChildren(make("label", {}, "I know", kind),
      make("div", { className: "draw-row" }, ...from, ...forget, button("Cancel", () => this.tool.choose("select"))));
  }

  drop() {
    this.asking = null;
    this.tool.draft = null;
  }

  // Something of known size was drawn: ask how large it is.
  ask(shape) {
    const sizes = measured(shape);
    this.asking = shape;
    const names = sizes.length > 1 ? ["Width (cm)", "Height (cm)"] : [shape.kind === "circle" ? "Across (cm)" : "Length (cm)"];
    this.known = names.map((name) => make("input", { inputMode: "decimal", size: 7, oninput: () => this.tellScale() }));
    this.known.forEach((input, i) => {
      input.setAttribute("aria-label", names[i]);
      input.onkeydown = (event) => {
        if (event.key === "Enter") this.saveScale();
        else if (event.key === "Escape") { this.drop(); this.openScale(); this.tool.show(); this.tool.player.root.focus({ preventScroll: true }); }
      };
    });
    const alike = (this.setup.siblings ?? []).filter((one) => one.same);
    this.also = make("input", { type: "checkbox" });
    const many = alike.length === 1 ? "the other video" : `the ${alike.length} other videos`;
    const { width, height } = this.tool.player.facts;
    this.told = make("div", { className: "draw-told", role: "status" });
    this.body.replaceChildren(
      ...this.known.map((input, i) => make("label", {}, names[i], input)), this.told,
      ...(alike.length ? [make("label", { className: "draw-check" }, this.also, `also for ${many} of ${width} × ${height} px`)] : []),
      make("div", { className: "draw-row" }, button("Save scale", () => this.saveScale(), { className: "main" }),
        button("Draw again", () => { this.drop(); this.openScale(); this.tool.show(); })));
    this.tellScale();
    this.tool.show();
    this.known[0].focus({ preventScroll: true });
  }

  // px per cm along each side whose size was typed.
  get ratios() {
    return measured(this.asking).map((px, i) => {
      const cm = Number(this.known[i].value.replace(",", "."));
      return cm > 0 && Number.isFinite(cm) ? px / cm : null;
    });
  }

  get newScale() {
    const known = this.ratios.filter((one) => one !== null);
    return known.length ? Math.sqrt(known[0] * known.at(-1)) : null;
  }

  tellScale() {
    const { newScale, ratios } = this, before = this.tool.perCm;
    const px = measured(this.asking).map((one) => spell(one)).join(" × ");
    const was = before ? `, was ${spell(before)}` : "";
    const uneven = ratios.length > 1 && ratios.every(Boolean) && Math.abs(ratios[0] / ratios[1] - 1) > 0.02
      ? ` Across ${spell(ratios[0])}, down ${spell(ratios[1])}: check both sizes.` : "";
    this.told.textContent = newScale ? `${px} px: ${spell(newScale)} px/cm${was}.${uneven}`
      : `${px} px. Type its size in cm${before ? ` (now ${spell(before)} px/cm)` : ""}.`;
  }

  saveScale() {
    const scale = this.newScale;
    if (!scale) return this.tool.player.note("Type the size in cm, a number above 0.");
    const alike = (this.setup.siblings ?? []).filter((one) => one.same).map((one) => one.id);
    return this.setScale(scale, this.also.checked ? alike : []);
  }

  async setScale(scale, also = []) {
    const { tool } = this;
    this.drop();
    tool.choose("select");
    tool.player.root.focus({ preventScroll: true });
    const told = await tool.push("video.scale", { px_per_cm: scale, ...(also.length ? { also } : {}) });
    if (told.error) return;
    const more = told.also ? `, also for ${told.also} other ${told.also === 1 ? "video" : "videos"}` : "";
    tool.player.note(scale ? `Saved: ${spell(scale)} px/cm${more}.` : "The scale is forgotten: results are in pixels.");
  }

  // -- templates

  openTemplate() {
    const { templates = [] } = this.setup;
    const chosen = templates.find((one) => one.name === this.template) ?? templates[0];
    if (!chosen) return;
    this.template = chosen.name;
    const choice = make("select", { onchange: () => { this.template = choice.value; this.openTemplate(); } },
      ...templates.map((one) => new Option(one.title, one.name)));
    choice.value = chosen.name;
    choice.setAttribute("aria-label", "Template");
    this.values = this.measures[chosen.name] ??= Object.fromEntries(chosen.measures.map((one) => [one.key, one.value]));
    const fields = chosen.measures.map((one) => {
      const input = make("input", { inputMode: "decimal", size: 6, value: spell(this.values[one.key]) });
      input.setAttribute("aria-label", one.label);
      input.onchange = () => {
        const value = Number(input.value.replace(",", "."));
        if (input.value.trim() && Number.isFinite(value)) this.values[one.key] = value;
        this.loadTemplate();
      };
      return make("label", {}, one.unit ? `${one.label} (${one.unit})` : one.label, input);
    });
    // racks and cages differ from maker to maker: their sizes are no measure of the picture
    this.fromIt = make("input", { type: "checkbox", checked: !this.tool.perCm && !chosen.grid });
    this.shown = "template";
    this.body.replaceChildren(make("label", {}, "Apparatus", choice), ...fields,
      make("label", { className: "draw-check" }, this.fromIt, "these sizes give the scale, too"),
      make("div", { className: "draw-row" }, button("Make these regions", () => this.makeTemplate(), { className: "main" }),
        button("Cancel", () => this.tool.choose("select"))));
    this.loadTemplate();
  }

  async loadTemplate() {
    const { tool } = this, asked = (this.asked = {});
    const query = new URLSearchParams({ name: this.template, ...this.values });
    try {
      const text = new TextDecoder().decode(await load(`/data/videos/${tool.player.facts.id}/template?${query}`));
      if (asked !== this.asked || tool.mode !== "template") return;
      const made = JSON.parse(text), { width, height } = tool.player.facts;
      const same = tool.placing?.name === this.template ? tool.placing : null;
      const { x, y, sx, sy, turn } = same ? this.kept(same, made) : this.beginning(made, width, height);
      tool.placing = new Placing(made, this.template, { x, y, sx, sy, turn });
      tool.player.note("");
      tool.show();
    } catch (error) { tool.player.note(error.message); }
  }

  get grid() { return Boolean(this.setup.templates?.find((one) => one.name === this.template)?.grid); }

  // Where a template starts: on the region that was picked, else in the middle of the picture.
  beginning(made, width, height) {
    const { onto } = this;
    if (!this.grid || !onto) return { x: (width - 1) / 2, y: (height - 1) / 2, sx: made.scale, sy: made.scale, turn: 0 };
    const [x0, y0, x1, y1] = onto, across = (x1 - x0) / made.size[0], down = (y1 - y0) / made.size[1];
    const round = made.regions.some((one) => one.kind === "circle"); // wells stay round
    const [sx, sy] = round ? [Math.min(across, down), Math.min(across, down)] : [across, down];
    return { x: (x0 + x1) / 2, y: (y0 + y1) / 2, sx, sy, turn: 0 };
  }

  // With other rows, columns or gaps a grid still fills the frame that it was given.
  kept(same, made) {
    const { x, y, sx, sy, turn, size } = same;
    if (!this.grid || made.regions.some((one) => one.kind === "circle")) return { x, y, sx, sy, turn };
    return { x, y, sx: (sx * size[0]) / made.size[0], sy: (sy * size[1]) / made.size[1], turn };
  }

  makeTemplate(replace = false) {
    const { tool } = this, { placing } = tool;
    if (!placing) return;
    const regions = placing.regionsHere;
    const taken = regions.filter((one) => tool.shapes.some((shape) => shape.name === one.name)).map((one) => one.name);
    if (taken.length && !replace) return this.askReplace(taken);
    tool.push("regions.put", { regions, ...(replace ? { replace } : {}) });
    if (this.fromIt.checked) tool.push("video.scale", { px_per_cm: Math.sqrt(placing.sx * placing.sy) });
    const names = new Set(regions.map((one) => one.name));
    tool.shapes = [...tool.shapes.filter((one) => !names.has(one.name)), ...regions];
    tool.choose("select");
    tool.player.note(this.grid ? `${regions.length} arenas made. Each is tracked on its own: see Detection.`
      : `${regions.length} regions made. The assay “${placing.name}” finds them by their names.`);
    tool.player.root.focus({ preventScroll: true });
  }

  askReplace(names) {
    this.question?.remove();
    const many = names.length === 1 ? "it" : "them";
    this.question = make("div", { className: "draw-told", role: "alert" },
      `This video already has ${names.slice(0, 4).map((name) => `“${name}”`).join(", ")}${names.length > 4 ? ` and ${names.length - 4} more` : ""}. `,
      button(`Replace ${many}`, () => this.makeTemplate(true), { className: "main" }), " ",
      button("Keep", () => this.question.remove()));
    this.body.append(this.question);
  }
}
