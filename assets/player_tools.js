// What a tool of the player is: scoring, reviewing and drawing plug in here, and only here.
//
// A tool is a class in TOOLS, made when `facts.tools` names it. Every method is optional:
//   attach(player)            once, before anything else; player.queue and player.note are there
//   update(facts)             whenever Python sent new facts
//   key(event) -> boolean     a key while the player has the focus; true when it was used
//   pointer(type, at, event) -> boolean  type is "down", "move", "up" or "double"; `at` is {x, y}
//                             in video pixels, where whole numbers are the centres of pixels
//   draw(pen, unit, player)   over the picture; the pen works in video pixels, in which the centre
//                             of pixel (x, y) lies at (x + 0.5, y + 0.5), and `unit` is a CSS pixel
//   arrived(frame)            another frame is on the screen
//   saved(results, steps)     the server has taken edits (see player_queue.js); what an undo and
//                             a redo of bouts would be of now
//   bouts(list) -> list       what the timeline shows, where the tool knows better than the server
//   close()                   the player goes away
//   panel                     an HTMLElement for the side
//   keys                      [[key, what it does], ...] for the help on "?"
const TOOLS = {};

class Toolbox {
  constructor(player) { Object.assign(this, { player, names: "", tools: [] }); }

  // Make the tools that the facts name; the same names again keep the tools that are there.
  set(facts) {
    const names = facts.tools ?? [];
    if (names.join() !== this.names) {
      this.close();
      this.names = names.join();
      this.tools = names.filter((name) => TOOLS[name]).map((name) => new TOOLS[name]());
      for (const tool of this.tools) tool.attach?.(this.player);
      const panels = this.tools.map((tool) => tool.panel).filter(Boolean);
      this.player.find(".panels").replaceChildren(...panels);
    }
    this.tell("update", facts);
  }

  tell(what, ...said) { for (const tool of this.tools) tool[what]?.(...said); }
  ask(what, ...said) { return this.tools.some((tool) => tool[what]?.(...said) === true); }
  through(what, value) { return this.tools.reduce((v, tool) => tool[what]?.(v) ?? v, value); }

  close() { this.tell("close"); this.tools = []; }
}
