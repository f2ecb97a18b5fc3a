// The side of the review tool: what to look at, whom to correct, and what can be taken back.

const REVIEW_ROW = 42; // height of one entry of the list, px
const REVIEW_ORDERS = [["severity", "worst first"], ["frame", "by frame"], ["kind", "by kind"], ["length", "longest first"]];

function reviewMake(tag, facts = {}, ...inside) {
  const { dataset, ...plain } = facts;
  const made = Object.assign(document.createElement(tag), tag === "button" ? { type: "button" } : {}, plain);
  Object.assign(made.dataset, dataset ?? {});
  made.append(...inside);
  return made;
}

class ReviewPanel {
  constructor(tool) {
    this.tool = tool;
    this.root = reviewMake("div", { className: "review" });
    this.root.append(this.head(), this.places(),
      this.why = reviewMake("p", { className: "review-why" }), this.steps(), this.buttons());
  }

  head() {
    this.count = reviewMake("span", { className: "review-count" });
    this.bar = reviewMake("progress", { max: 1, value: 0 });
    this.bar.setAttribute("aria-label", "Doubtful places looked at");
    const line = reviewMake("div", { className: "review-line" },
      reviewMake("strong", { textContent: "Doubtful places" }), ...this.filters(), this.count);
    return reviewMake("div", { className: "review-head" }, line, this.bar);
  }

  filters() {
    const { tool } = this;
    this.kinds = reviewMake("select", { onchange: () => { tool.kind = this.kinds.value; tool.list(); this.refocus(); } });
    this.kinds.setAttribute("aria-label", "Kind");
    this.orders = reviewMake("select", { onchange: () => {
      remember("review.order", tool.order = this.orders.value); tool.list(); this.refocus(); } },
    ...REVIEW_ORDERS.map(([value, label]) => new Option(label, value)));
    this.orders.value = tool.order;
    this.orders.setAttribute("aria-label", "Order");
    this.std = reviewMake("input", { type: "number", min: 0, step: 1, value: tool.std, onchange: () => {
      const std = Number(this.std.value);
      if (!(std >= 0)) { this.std.value = tool.std; return; }
      remember("review.std", tool.std = std);
      tool.ask();
    } });
    const jumps = reviewMake("label", { title: "A jump is a step this many standard deviations above the average" },
      "Jumps beyond ", this.std, " std");
    return [this.kinds, this.orders, jumps];
  }

  // Only the entries in view are in the page: a bad day has thousands.
  places() {
    this.inner = reviewMake("div", { className: "review-inner" });
    this.box = reviewMake("div", { className: "review-list", onscroll: () => this.rows() }, this.inner);
    this.box.setAttribute("role", "listbox");
    this.box.setAttribute("aria-label", "Doubtful places");
    this.empty = reviewMake("p", { className: "review-empty" });
    return reviewMake("div", { className: "review-places" }, this.box, this.empty);
  }

  steps() {
    const { tool } = this;
    this.checks = this.button("Looked at", "C", () => tool.check());
    return reviewMake("div", { className: "review-line" }, this.button("Previous", "P", () => tool.go(-1)),
      this.button("Next", "N", () => tool.go(1), "main"), this.checks, this.button("Play", "V", () => tool.replay()));
  }

  marking() {
    const { tool } = this;
    this.span = reviewMake("span", { className: "review-span" });
    this.undo = this.button("Undo", "Ctrl Z", () => tool.undo());
    this.redo = this.button("Redo", "Ctrl Y", () => tool.redo());
    this.marks = reviewMake("div", { className: "review-line" }, this.button("Start", "I", () => tool.mark("first")),
      this.button("Stop", "O", () => tool.mark("last")), this.forget = this.button("Forget", "X", () => tool.unmark()),
      this.span, reviewMake("span", { className: "review-push" }), this.undo, this.redo);
    return this.marks;
  }

  buttons() {
    const { tool } = this;
    this.edits = reviewMake("div", { className: "review-line" },
      this.swap = this.button("Swap", "S", () => tool.swap()), this.button("Delete", "D", () => tool.remove()),
      this.button("Fill", "F", () => tool.fill()), this.move = this.button("Move", "G", () => tool.moves()), this.outline = this.button("Outline", "M", () => tool.draws()),
      this.click = this.button("Click", "K", () => tool.clicks()),
      this.erase = this.button("No outline", "E", () => tool.erase()),
      this.button("Rename", "R", () => this.askName()),
      this.takeOff = this.button("Take off", "Shift D", () => tool.takeOff()));
    this.takeOff.title = "Take the animal off the whole video: there is none (Shift D)";
    this.name = reviewMake("input", { maxLength: 200 });
    this.name.setAttribute("aria-label", "New name");
    this.name.onkeydown = (event) => {
      if (event.key === "Enter") tool.rename(this.name.value);
      if (["Enter", "Escape"].includes(event.key)) { this.naming.hidden = true; this.refocus(); event.preventDefault(); }
    };
    this.naming = reviewMake("label", { className: "review-line", hidden: true }, "New name ", this.name, " Enter");
    this.said = reviewMake("p", { className: "review-said" });
    this.said.setAttribute("role", "status");
    this.hint = reviewMake("p", { className: "review-hint" });
    return reviewMake("div", { className: "review-part" }, this.marking(), this.edits, this.naming, this.said, this.hint);
  }

  button(text, key, act, more = "") {
    const made = reviewMake("button", { className: more, onclick: act, title: `${text} (${key})` },
      reviewMake("span", { textContent: text }), reviewMake("kbd", { textContent: key }));
    made.setAttribute("aria-label", text);
    return made;
  }

  askName() {
    this.naming.hidden = false;
    this.name.value = this.tool.animal(0).name;
    this.name.focus();
    this.name.select();
  }

  refocus() { this.tool.player.root.focus({ preventScroll: true }); }

  // -- showing

  update(moved = false) {
    const { tool } = this, { facts, frame } = tool.player;
    if (!facts) return;
    this.words(tool, frame);
    if (moved) return;
    const done = tool.doubts.filter((doubt) => !tool.open(doubt)).length, all = tool.doubts.length;
    this.count.textContent = all ? `${done} of ${all} looked at` : "";
    Object.assign(this.bar, { max: all || 1, value: all ? done : 0, hidden: !all });
    this.options(tool);
    this.empty.hidden = Boolean(tool.shown.length);
    this.box.hidden = !tool.shown.length;
    this.empty.textContent = tool.waiting ? "Looking for doubtful places…"
      : "Nothing doubtful here: no crossing, jump, gap or doubtful identity was found.";
    this.inner.style.height = `${tool.shown.length * REVIEW_ROW}px`;
    this.follow();
    this.rows();
    this.animals(tool);
    this.undo.disabled = !tool.undoes;
    this.redo.disabled = !tool.redoes;
    this.undo.title = tool.undoes ? `Take back: ${tool.undoes}` : "There is nothing to take back";
    this.redo.title = tool.redoes ? `Do again: ${tool.redoes}` : "There is nothing to do again";
    for (const part of [this.edits, this.marks, this.checks]) part.hidden = !tool.mayEdit;
    this.swap.hidden = this.takeOff.hidden = facts.animals.length < 2;
    this.swap.disabled = !tool.animal(1);
    this.outline.hidden = this.erase.hidden = !facts.outlines;
    this.move.setAttribute("aria-pressed", tool.outline instanceof ReviewMove);
    this.click.hidden = !facts.outlines || !facts.clicks;
    this.outline.setAttribute("aria-pressed", tool.outline?.constructor === ReviewOutline);
    this.click.setAttribute("aria-pressed", tool.outline instanceof ReviewClick);
  }

  words(tool, frame = 0) {
    const { first, last } = tool.marks, marked = first !== undefined || last !== undefined;
    const [a, b] = [tool.animal(0)?.name, tool.animal(1)?.name];
    this.span.textContent = marked ? `${first ?? "here"} to ${last ?? "the end"}` : "";
    this.forget.hidden = !marked;
    this.hint.textContent = tool.outline
      ? tool.outline.words(a)
      : `${b ? `Swap: ${a} and ${b} from frame ${tool.swapSpan().start_frame ?? frame} to ${last ?? "the end"} · ` : ""}Delete, fill, move, ${tool.player.facts.outlines ? "outline, " : ""}rename: ${a}`;
    this.said.textContent = tool.said;
    this.why.textContent = this.told(tool);
    this.why.hidden = !this.why.textContent;
    this.hint.hidden = !tool.mayEdit || !this.hint.textContent;
  }

  // The chosen place in full: who entered and left a crossing, and who has looked at it.
  told({ doubt, player: { times } }) {
    if (!doubt) return "";
    const at = (frame) => (times ? clock(times[Math.min(frame, times.length - 1)], 0.1) : `frame ${frame}`);
    const ways = doubt.ways?.length ? ` ${reviewNames(doubt.animals)} entered at ${at(doubt.frame)} (rings) and left at ${at(doubt.stop_frame)} (dots).` : "";
    const who = !this.tool.open(doubt) && doubt.by ? ` ${doubt.settled ? "Corrected" : "Looked at"} by ${doubt.by}, ${doubt.at_utc} UTC.` : "";
    return `${reviewSays(doubt)}.${ways}${who}`;
  }

  options(tool) {
    const number = (kind) => tool.doubts.filter((doubt) => doubt.kind === kind).length;
    const kinds = [...new Set(tool.doubts.map((doubt) => doubt.kind))].sort();
    const made = JSON.stringify([tool.kind, ...kinds.map((kind) => [kind, number(kind)])]);
    if (made === this.made) return;
    this.made = made;
    if (tool.kind && !kinds.includes(tool.kind)) kinds.push(tool.kind);
    this.kinds.replaceChildren(new Option(`all kinds (${tool.doubts.length})`, ""),
      ...kinds.map((kind) => new Option(`${reviewKind(kind)} (${number(kind)})`, kind)));
    this.kinds.value = tool.kind;
  }

  animals(tool) {
    const [a, b] = [tool.animal(0)?.name, tool.animal(1)?.name];
    for (const row of tool.player.root.querySelectorAll(".animal")) {
      row.classList.toggle("current", tool.mayEdit && row.dataset.name === a);
      row.classList.toggle("other", tool.mayEdit && row.dataset.name === b);
      if (row.dataset.name === a && a !== this.shownAnimal) this.reveal(row);
    }
    this.shownAnimal = a;
  }

  // With many animals the list of them scrolls, and only the list.
  reveal(row) {
    const list = row.parentElement, top = row.offsetTop - list.offsetTop;
    if (top < list.scrollTop || top + row.offsetHeight > list.scrollTop + list.clientHeight) {
      list.scrollTop = top - list.clientHeight / 2 + row.offsetHeight / 2;
    }
  }

  // Bring the chosen place into view, once for each choice.
  follow() {
    const { tool } = this, at = tool.shown.findIndex((doubt) => doubt.key === tool.at);
    if (at < 0 || this.followed === tool.at) return;
    this.followed = tool.at;
    const top = at * REVIEW_ROW, { scrollTop, clientHeight } = this.box;
    if (top < scrollTop || top + REVIEW_ROW > scrollTop + clientHeight) {
      this.box.scrollTop = top - clientHeight / 2 + REVIEW_ROW / 2;
    }
  }

  rows() {
    const { shown } = this.tool, first = Math.max(Math.floor(this.box.scrollTop / REVIEW_ROW) - 2, 0);
    const stop = Math.min(first + Math.ceil((this.box.clientHeight || 240) / REVIEW_ROW) + 5, shown.length);
    this.inner.replaceChildren(...shown.slice(first, stop).map((doubt, k) => this.row(doubt, first + k)));
  }

  row(doubt, k) {
    const { tool } = this, { times } = tool.player;
    const seconds = times ? clock(times[doubt.frame], 0.1) : "";
    const tick = reviewMake("button", { className: "tick", title: "Looked at", textContent: tool.open(doubt) ? "" : "✓",
      disabled: !tool.mayEdit, tabIndex: -1, onclick: (event) => { event.stopPropagation(); tool.check(doubt, false); } });
    tick.setAttribute("aria-label", `Looked at: ${reviewKind(doubt.kind)} in frame ${doubt.frame}`);
    tick.setAttribute("aria-pressed", !tool.open(doubt));
    const row = reviewMake("div", { className: "review-row", onclick: () => tool.choose(doubt), title: reviewSays(doubt),
      dataset: { kind: doubt.kind, frame: doubt.frame } }, tick,
    reviewMake("span", { className: "review-kind", textContent: reviewKind(doubt.kind) }),
    reviewMake("span", { className: "review-where", textContent: `frame ${doubt.frame} · ${seconds}` }),
    reviewMake("span", { className: "review-what", textContent: `${doubt.settled ? "corrected · " : ""}${reviewSays(doubt)}` }));
    row.style.top = `${k * REVIEW_ROW}px`;
    row.setAttribute("role", "option");
    row.setAttribute("aria-selected", doubt.key === tool.at);
    row.classList.toggle("done", !tool.open(doubt));
    return row;
  }
}
