// All keys at a glance, on "?".

const PLAYING_KEYS = [
  ["Space", "play or pause"], ["← →   or   , .", "one frame back, on"], ["Shift + ← →", "ten frames"],
  ["Home   End", "first, last frame"], ["[   ]", "previous, next bout"],
  ["+   −   0", "zoom the timeline, see all of it"], ["Ctrl + wheel", "zoom where the mouse is"],
  ["Double click on a bout", "play it again and again, Esc ends it"], ["?", "these keys"],
];

class Help {
  constructor(player) { Object.assign(this, { player, box: player.find(".help") }); }

  get lists() {
    return [["Playing", PLAYING_KEYS],
      ...this.player.toolbox.tools.filter((tool) => tool.keys).map((tool) => tool.keys)];
  }

  toggle() {
    if (!this.box.hidden) { this.close(); return; }
    const close = Object.assign(document.createElement("button"), { type: "button", textContent: "Close" });
    close.onclick = () => this.close();
    this.box.replaceChildren(...this.lists.map(([title, keys]) => this.list(title, keys)), close);
    this.box.hidden = false;
    close.focus();
  }

  list(title, keys) {
    const section = document.createElement("section");
    const heading = Object.assign(document.createElement("h4"), { textContent: title });
    const rows = document.createElement("dl");
    for (const [key, what] of keys) {
      const term = document.createElement("dt");
      term.append(Object.assign(document.createElement("kbd"), { textContent: key }));
      rows.append(term, Object.assign(document.createElement("dd"), { textContent: what }));
    }
    section.append(heading, rows);
    return section;
  }

  close() {
    this.box.hidden = true;
    this.player.root.focus({ preventScroll: true });
  }

  // While the keys are shown, Escape and ? put them away and nothing else happens.
  key(event) {
    const shown = !this.box.hidden;
    if (event.key === "?" || (shown && event.key === "Escape")) { this.toggle(); return true; }
    return shown && event.key !== "Tab" && !event.ctrlKey;
  }
}
