// A small question beside the picture, answered by a digit, by Enter or by a click.

class Chooser {
  constructor(player) {
    this.player = player;
    this.box = document.createElement("div");
    this.box.className = "chooser";
    this.box.hidden = true;
    this.box.setAttribute("role", "listbox");
    for (const type of ["pointerdown", "pointerup", "click", "dblclick"]) {
      this.box.addEventListener(type, (event) => event.stopPropagation());
    }
    player.find(".side").prepend(this.box); // beside the picture, which one looks at to answer
  }

  // `answer(value)` is called once: null when skipped, undefined when something else was pressed.
  ask(title, values, answer) {
    this.finish(undefined);
    Object.assign(this, { values, answer, at: 0 });
    const heading = Object.assign(document.createElement("b"), { textContent: title });
    const buttons = values.map((value, k) => {
      const button = Object.assign(document.createElement("button"), { type: "button" });
      button.append(Object.assign(document.createElement("kbd"), { textContent: k < 9 ? k + 1 : "" }));
      button.append(value);
      button.setAttribute("role", "option");
      button.tabIndex = -1;
      button.onclick = () => this.finish(value);
      return button;
    });
    const foot = document.createElement("small");
    foot.textContent = "Digit or ↑ ↓ Enter · Esc leaves it open";
    this.box.replaceChildren(heading, ...buttons, foot);
    this.box.hidden = false;
    this.mark();
  }

  // One line of text: Enter keeps it, Escape does not.
  write(title, text, answer) {
    this.finish(undefined);
    Object.assign(this, { values: null, answer });
    const heading = Object.assign(document.createElement("b"), { textContent: title });
    const field = Object.assign(document.createElement("input"), { value: text, maxLength: 500 });
    field.setAttribute("aria-label", title);
    field.onkeydown = (event) => {
      event.stopPropagation();
      if (event.key === "Enter") this.finish(field.value.trim());
      if (event.key === "Escape") this.finish(undefined);
    };
    const foot = Object.assign(document.createElement("small"), { textContent: "Enter keeps it · Esc does not" });
    this.box.replaceChildren(heading, field, foot);
    this.box.hidden = false;
    field.focus();
    field.select();
  }

  mark() {
    [...this.box.querySelectorAll("button")].forEach((button, k) => {
      button.setAttribute("aria-selected", k === this.at);
      if (k === this.at) button.scrollIntoView({ block: "nearest" });
    });
  }

  finish(value) {
    const { answer } = this;
    if (!answer) return;
    this.answer = null;
    this.box.hidden = true;
    this.player.root.focus({ preventScroll: true });
    answer(value);
  }

  // True when the question used the key; any key that it does not know ends it.
  key(event) {
    if (!this.answer || !this.values) return false;
    const { key } = event;
    if (/^[1-9]$/.test(key) && this.values[key - 1] !== undefined) this.finish(this.values[key - 1]);
    else if (key === "Escape") this.finish(null);
    else if (key === "Enter") this.finish(this.values[this.at]);
    else if (key === "ArrowDown" || key === "ArrowUp") {
      this.at = clamp(this.at + (key === "ArrowDown" ? 1 : -1), 0, this.values.length - 1);
      this.mark();
    } else if ([" ", "ArrowLeft", "ArrowRight", ",", ".", "Shift", "Control", "Tab"].includes(key)) return false;
    else { this.finish(undefined); return false; }
    return true;
  }

  close() { this.box.remove(); }
}
