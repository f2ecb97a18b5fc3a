// Beside the video while scoring: who scores, the behaviours with their keys, what is going on.

class ScorePanel {
  constructor(tool) {
    this.tool = tool;
    this.who = element("label", { className: "who" });
    this.list = element("div", { className: "behaviours" });
    this.going = element("div", { className: "going" });
    this.chosen = element("div", { className: "chosen" });
    this.undo = pressed("Undo", "", () => tool.undo());
    this.redo = pressed("Redo", "", () => tool.redo());
    this.lost = element("div", { className: "lost" });
    const acts = element("div", { className: "acts" }, this.undo, this.redo);
    this.box = element("section", { className: "score" }, this.lost, this.who, this.list, this.going, this.chosen, acts);
    this.box.setAttribute("aria-label", "Scoring");
  }

  update(facts) {
    const made = JSON.stringify([facts.annotator, facts.ethogram]);
    if (made === this.made) return;
    this.made = made;
    if (facts.annotator) this.who.replaceChildren("Scoring as ", element("b", { textContent: facts.annotator }));
    else {
      const field = element("input", { value: this.tool.name, maxLength: 80, spellcheck: false });
      field.onchange = () => this.tool.call(field.value.trim());
      field.onkeydown = ({ key }) => {
        if (["Enter", "Escape"].includes(key)) this.tool.player.root.focus({ preventScroll: true });
      };
      this.who.replaceChildren("Scoring as ", field);
      this.field = field;
    }
    this.buttons = facts.ethogram.map((behaviour) => this.button(behaviour));
    this.list.replaceChildren(...this.buttons);
    if (!facts.ethogram.length) this.list.append(element("p", { textContent:
      "No behaviour has a key yet: make the behaviours to score in the Ethogram panel under the video." }));
  }

  steps(undo, redo) {
    Object.assign(this.undo, { disabled: !undo, title: undo ? `Take back: ${undo} (Ctrl + Z)` : "There is nothing to take back" });
    Object.assign(this.redo, { disabled: !redo, title: redo ? `Do again: ${redo} (Ctrl + Y)` : "There is nothing to do again" });
  }

  // What the server refused, each with the reason, to be tried again or dropped.
  refused(list) {
    const made = JSON.stringify([list, this.tool.subject, this.tool.subjects]);
    if (made === this.lostMade) return;
    this.lostMade = made;
    const rows = list.map((one) => {
      const { behaviour, subject, start_frame: from, stop_frame: to } = this.tool.named(one.data);
      const gone = subject && !this.tool.subjects.includes(subject);
      return element("div", { className: "refused" },
        element("b", { textContent: [behaviour ?? "a change of a bout", subject, from !== undefined && `frames ${from} to ${to}`]
          .filter(Boolean).join(" · ") }),
        element("span", { textContent: one.error }),
        element("div", { className: "acts" },
          pressed(gone ? `Save for ${this.tool.subject}` : "Try again", "Send it once more", () => this.tool.retry(one)),
          pressed("Drop", "Forget it", () => this.tool.dropRefused(one))));
    });
    this.lost.replaceChildren(...(rows.length ? [element("h5", { textContent: "Not saved" }), ...rows] : []));
  }

  button(behaviour) {
    const { key, name, kind, target, modifiers } = behaviour;
    const asks = [target ? "whom" : "", ...(modifiers ?? []).map((one) => one.name)].filter(Boolean);
    const button = element("button", { type: "button", className: "behaviour" },
      element("kbd", { textContent: key || "–" }), element("span", { textContent: name }),
      element("small", { textContent: kind === "point" ? "point" : "" }));
    button.style.setProperty("--colour", behaviour.colour || "#888");
    button.title = (kind === "point" ? "A moment: one press" : "Press to start, again to stop")
      + (asks.length ? `; asks for ${asks.join(", ")}` : "");
    button.onclick = () => this.tool.press(behaviour);
    return button;
  }

  // What is going on now; made anew when states start and stop, counted on with every frame.
  show(facts, opens) {
    facts.ethogram.forEach((behaviour, k) => {
      const on = opens.some((o) => o.behaviour === behaviour.name
        && (!behaviour.subject || o.subject === this.tool.subject));
      this.buttons[k].setAttribute("aria-pressed", on);
    });
    const rows = opens.map((open) => element("div", { className: "open" },
      element("span", { textContent: [open.behaviour, [open.subject, open.target].filter(Boolean).join(" → ")]
        .filter(Boolean).join(" · ") }), element("time"),
      pressed("End", "Ends with the frame before this one", () => this.tool.end(open)),
      pressed("✕", "Forget that it started", () => this.tool.forget(open))));
    const all = pressed("End all at the last frame", "They last to the end of the video",
      () => this.tool.endAll());
    this.going.replaceChildren(...(rows.length ? [element("h5", { textContent: "Going on" }), ...rows, all] : []));
    this.count(opens);
  }

  count(opens) {
    const { times, frame } = this.tool.player;
    if (!times || frame === undefined) return;
    const cells = this.going.querySelectorAll("time");
    opens.forEach((open, k) => {
      const seconds = times[frame] - times[open.start_frame];
      if (cells[k]) cells[k].textContent = `${seconds.toFixed(2)} s`;
    });
  }

  choose(bout) {
    if (!bout) { this.chosen.replaceChildren(); return; }
    const { tool } = this, mine = tool.editable(bout);
    const { times } = tool.player;
    const seconds = (frame) => (times[frame] ?? tool.facts.duration).toFixed(2);
    const words = [bout.behaviour, [bout.subject, bout.target].filter(Boolean).join(" → ")];
    const when = bout.kind === "point" ? `${seconds(bout.start_frame)} s`
      : `${seconds(bout.start_frame)} to ${seconds(bout.stop_frame)} s`;
    const more = [modifiersOf(bout), bout.comment && `“${bout.comment}”`,
      mine ? "" : `by ${watcherOf(bout) || "an analysis"}: only to look at`].filter(Boolean);
    this.chosen.replaceChildren(element("h5", { textContent: "Chosen bout" }),
      element("div", { textContent: words.filter(Boolean).join(" · ") }),
      element("div", { className: "when", textContent: when }),
      ...more.map((text) => element("div", { className: "when", textContent: text })),
      element("div", { className: "acts" }, pressed("Play", "Again and again (double click)", () => tool.player.loop(bout)),
        ...(mine ? [pressed("Comment", "Enter", () => tool.comment()), pressed("Delete", "Del", () => tool.remove())] : [])));
  }
}
