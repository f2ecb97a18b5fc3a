// Edits on their way to the study: numbered, kept in the browser until the server has them.
//
// Every opened player is a client with a number row of its own. What a closed or reloaded tab left
// behind is sent by the next one under the old client's name, so the server knows what it had
// already and nothing is applied twice.

const KEPT = "ethoscribe.queue";
const BATCH = 200, BATCH_BYTES = 400_000;
const PAUSES_MS = [150, 300, 700, 1500, 3000, 6000, 10_000];
const ALIVE_MS = 90_000; // background tabs may tick once a minute only

// Only pages served over https or from this machine have crypto.randomUUID and navigator.locks.
function randomName() {
  return [...crypto.getRandomValues(new Uint8Array(16))]
    .map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

// The edits of one client, in order. `heard` is told about every change of its state.
class Outbox {
  constructor(place, client, heard) {
    Object.assign(this, { place, client, heard, entries: [], made: {}, last: 0, trouble: "" });
    this.waiting = new Map(); // seq -> whom to tell the result, and since when
    this.store = `${place.key}.${client}`;
    this.singly = 0; // so many edits go one by one: one of them was refused with the whole batch
  }

  static left(place, client, heard) {
    const box = new Outbox(place, client, heard);
    box.adopted = true;
    Object.assign(box, box.stored());
    return box;
  }

  stored() {
    try { return JSON.parse(localStorage.getItem(this.store)) ?? {}; } catch { return {}; }
  }

  // The tab it was adopted from may live after all and have added more: only what was sent is
  // taken out of what it left. A live tab writes down again whatever another took out.
  keep() {
    const { made, last } = this;
    let { entries } = this;
    if (this.adopted) entries = (this.stored().entries ?? []).filter(({ seq }) => seq > (this.sent ?? 0));
    try {
      if (entries.length) localStorage.setItem(this.store, JSON.stringify({ entries, made, last }));
      else localStorage.removeItem(this.store);
      this.fleeting = false;
    } catch { this.fleeting = true; } // no room, or a private window: kept in memory alone
  }

  check() {
    const there = new Set((this.stored().entries ?? []).map(({ seq }) => seq));
    if (this.entries.some(({ seq }) => !there.has(seq))) this.keep();
  }

  add(kind, data, name) {
    const seq = ++this.last;
    this.entries.push({ seq, kind, data, name });
    this.keep();
    this.send();
    const at = performance.now();
    const result = new Promise((tell) => this.waiting.set(seq, { tell, at }));
    return Object.assign(result, { seq });
  }

  async send() {
    if (this.busy) return;
    this.busy = true;
    for (let failed = 0; this.entries.length; ) {
      this.heard.state();
      const batch = this.batch(failed);
      if (!batch.edits.length) { this.refuseFirst(); continue; }
      const { error, fatal, singly } = await this.post(batch);
      if (singly) { this.singly = batch.edits.length; continue; }
      this.trouble = error ?? "";
      if (!error) { failed = 0; this.singly = Math.max(this.singly - 1, 0); continue; }
      this.heard.state();
      await this.pause(fatal ? PAUSES_MS.at(-1) : PAUSES_MS[Math.min(failed, PAUSES_MS.length - 1)]);
      failed += 1;
    }
    this.busy = false;
    this.heard.state();
  }

  // The pause ends early when the network comes back or the person looks at the page again.
  pause(ms) {
    return new Promise((go) => { this.wake = go; setTimeout(go, ms); });
  }

  // The next entries of one person whose bouts are all known by number.
  batch(failed) {
    const edits = [];
    let size = 0;
    for (const entry of this.entries) {
      const data = this.resolved(entry.data);
      size += JSON.stringify(entry).length;
      if (data === null || entry.name !== this.entries[0].name) break;
      if (edits.length && (edits.length >= BATCH || size > BATCH_BYTES || failed > 2 || this.singly)) break;
      edits.push({ seq: entry.seq, kind: entry.kind, data });
    }
    return { client: this.client, edits, name: this.entries[0].name ?? "" };
  }

  // A bout that was just made is named by the edit that made it, {seq}, until its number is known.
  resolved(data) {
    const number = (one) => (one?.seq === undefined ? one : this.made[one.seq] ?? null);
    const known = { ...data };
    if ("bout_id" in data) known.bout_id = number(data.bout_id);
    if ("bout_ids" in data) known.bout_ids = data.bout_ids.map(number);
    return known.bout_id === null || known.bout_ids?.includes(null) ? null : known;
  }

  // Its bout was made in a tab that closed before it heard the number.
  refuseFirst() {
    const { seq } = this.entries[0];
    this.taken([this.entries[0]], { acknowledged: seq, results: [
      { seq, error: "a change of a bout came too late: the bout is not known any more" }] });
  }

  async post(body) {
    let response;
    try {
      response = await fetch(this.place.url, {
        method: "POST", body: JSON.stringify(body), headers: { "Content-Type": "application/json" },
      });
    } catch { return { error: "the server does not answer" }; }
    if (response.ok) return this.taken(body.edits, await response.json());
    // A refusal in this server's own words is of one edit; something between may say 403 too.
    const own = response.headers.get("Content-Type")?.startsWith("application/json");
    const error = await reasonOf(response);
    if (own && [400, 403, 413, 422].includes(response.status)) {
      if (body.edits.length > 1) return { singly: true };
      return this.taken(body.edits, { acknowledged: body.edits[0].seq,
        results: [{ seq: body.edits[0].seq, error }] });
    }
    return { error, fatal: response.status < 500 && body.edits.length === 1 };
  }

  taken(edits, { acknowledged, state, results, steps }) {
    const known = new Map((results ?? []).map((result) => [result.seq, result]));
    const done = edits.filter((edit) => edit.seq <= acknowledged);
    if (!done.length) return { error: "the server took nothing" };
    const { name } = this.entries[0];
    this.sent = acknowledged;
    this.entries = this.entries.filter((entry) => entry.seq > acknowledged);
    const told = done.map((edit) => ({ ...edit, ...known.get(edit.seq), client: this.client, name }));
    for (const one of told) if (one.bout_id !== undefined) this.made[one.seq] = one.bout_id;
    told.push(...this.orphans(told));
    this.keep();
    for (const one of told) {
      const { tell, at } = this.waiting.get(one.seq) ?? {};
      if (tell) performance.measure("ethoscribe.saved", { start: at }); // for whoever wonders
      tell?.(one);
      this.waiting.delete(one.seq);
    }
    queueMicrotask(() => this.heard.saved(told, state, steps)); // whatever they do, the next are sent
    return {};
  }

  // Edits of a bout that the server refused to make have nothing to change: they are refused too.
  orphans(told) {
    const refused = new Set(told.filter((one) => one.error).map((one) => one.seq));
    const lost = (data) => [data.bout_id, ...(data.bout_ids ?? [])].some((b) => refused.has(b?.seq));
    const found = this.entries.filter((entry) => lost(entry.data));
    this.entries = this.entries.filter((entry) => !found.includes(entry));
    return found.map((entry) => ({ ...entry, client: this.client,
      error: "The bout that it belongs to was not taken." }));
  }
}

// What the server refused and a person may still mend, kept until it was tried again or dropped.
class Refused {
  constructor(key) { Object.assign(this, { key: `${key}.refused`, list: [] }); }

  read() {
    try { this.list = JSON.parse(localStorage.getItem(this.key)) ?? this.list; } catch { /* memory */ }
    return this.list;
  }

  write(list) {
    this.list = list;
    try { localStorage.setItem(this.key, JSON.stringify(list)); } catch { /* kept in memory alone */ }
  }

  add({ client, seq, kind, data, name, error }) {
    if (!["bouts.add", "bouts.change"].includes(kind)) return;
    const others = this.read().filter((one) => one.client !== client || one.seq !== seq);
    this.write([...others, { client, seq, kind, data, name, error }]);
  }

  drop(one) {
    this.write(this.read().filter((other) => other.client !== one.client || other.seq !== one.seq));
  }
}

// All that this player has to save: its own edits, and what closed tabs left behind.
class Queue {
  // `heard` has state(text, {unsaved}) and saved(results, state of the bouts).
  constructor(facts, heard) {
    // Under the signed-in name, so that nobody sends what another person did at this browser.
    const whose = encodeURIComponent(facts.annotator ?? "");
    this.place = { url: facts.urls?.edits ?? `/data/videos/${facts.id}/edits`,
      key: [KEPT, facts.study, facts.id, whose].join(".") };
    this.heard = heard;
    this.name = "";
    this.inner = { state: () => this.state(), saved: (told, ...said) => {
      for (const one of told) if (one.error) this.refused.add(one);
      this.heard.saved(told, ...said);
    } };
    this.refused = new Refused(this.place.key);
    this.own = new Outbox(this.place, randomName(), this.inner);
    this.boxes = [this.own];
    this.hold(this.own.client, () => {});
    this.warn = (event) => { if (this.unsaved) event.preventDefault(); };
    this.stir = () => { for (const box of this.boxes) box.wake?.(); };
    this.leave = () => localStorage.removeItem(`${this.own.store}.alive`);
    window.addEventListener("beforeunload", this.warn);
    window.addEventListener("pagehide", this.leave);
    window.addEventListener("online", this.stir);
    this.adopt();
    this.clock = setInterval(() => { this.own.check(); this.adopt(); }, 5000);
  }

  // Ask for one change of the study: resolves to {seq, edit_id, ...} or {seq, error}.
  push(kind, data) { return this.own.add(kind, data, this.name); }

  get unsaved() { return this.boxes.reduce((sum, box) => sum + box.entries.length, 0); }

  state() {
    const { unsaved } = this, box = this.boxes.find((one) => one.trouble && one.entries.length);
    const many = unsaved > 1 ? ` (${unsaved} edits)` : "";
    const where = this.own.fleeting ? " Keep this page open." : "";
    this.heard.state(!unsaved ? "saved" : box ? `not saved yet${many}: ${box.trouble}.${where}`
      : `saving…`, { unsaved, trouble: Boolean(box) });
    this.boxes = this.boxes.filter((one) => one === this.own || one.entries.length);
    if (this.closed && !unsaved) this.end();
  }

  // Hold the name of a client for as long as this page lives; `got` runs where nobody holds it.
  hold(client, got) {
    const { locks } = navigator;
    if (!locks) return this.holdByClock(client, got);
    locks.request(`${KEPT}.${client}`, { ifAvailable: true }, (lock) => {
      if (!lock) return null;
      got();
      return new Promise((release) => { this.release = [...(this.release ?? []), release]; });
    });
    return null;
  }

  // Without locks a client is alive while its clock ticks. Sending twice would do no harm.
  holdByClock(client, got) {
    const alive = `${this.place.key}.${client}.alive`;
    const seen = Number(localStorage.getItem(alive) ?? 0);
    if (client !== this.own.client && Date.now() - seen < ALIVE_MS) return;
    got();
  }

  // Send what tabs left behind that are closed by now.
  adopt() {
    try {
      if (!navigator.locks) localStorage.setItem(`${this.own.store}.alive`, Date.now());
      const left = Object.keys(localStorage).filter((key) => key.startsWith(`${this.place.key}.`))
        .map((key) => key.slice(this.place.key.length + 1)).filter((rest) => /^[0-9a-f]{32}$/.test(rest));
      for (const client of left) {
        if (!this.boxes.some((box) => box.client === client)) this.hold(client, () => this.take(client));
      }
    } catch { /* no storage here, so nobody left anything */ }
  }

  take(client) {
    const box = Outbox.left(this.place, client, this.inner);
    if (!box.entries.length) return box.keep();
    this.boxes.push(box);
    box.send();
    return null;
  }

  // The player goes away; what is not saved yet is still sent.
  close() {
    this.closed = true;
    clearInterval(this.clock);
    if (!this.unsaved) this.end();
  }

  end() {
    window.removeEventListener("beforeunload", this.warn);
    window.removeEventListener("online", this.stir);
    window.removeEventListener("pagehide", this.leave);
    this.leave();
    for (const release of this.release ?? []) release();
    this.release = [];
  }
}
