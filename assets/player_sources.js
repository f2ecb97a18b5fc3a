// Where the pictures come from: a <video>, or frames that the server decodes.

// Where in a frame's time to aim. The middle is right for nearly every film; with frames of uneven
// length stored out of order a browser may think that a frame ends before its middle.
const AIMS = [0.5, 0.05];
// After a seek, for the picture to reach the screen: where it is there already, and where not.
const GRACE_MS = [60, 200];
const STALL_MS = 4000; // a seek that takes longer may have lost the server

// One frame as a still picture. The query of the address is the film's own: another study at the
// same port has other films under the same numbers.
function pictureAt(url, frame) {
  const [path, query] = url.split("?");
  return `${path}/${frame}.jpg${query ? `?${query}` : ""}`;
}

// Shows frames of a <video>. `onFrame(n)` is called with the frame that is on the screen.
//
// A few frames cannot be sought at all: Chromium starts at the key frame that is stored before the
// wanted time, also where that one is shown later, and so never sees the last pictures before it.
// For these the server sends a still picture.
class VideoSource {
  constructor(video, still, url, times, onFrame) {
    Object.assign(this, { video, still, url, times, onFrame, offset: 0, target: -1, wanted: 0,
      busy: false, missed: new Set() });
    video.onseeked = () => this.sought();
    // The browser tells of a pause later: by then a jump may be under way, which is where it stays.
    video.onpause = () => { if (!video.ended && !this.busy) this.seek(this.shown ?? 0); };
    video.onended = () => this.seek(times.length - 1);
    this.watch();
  }

  // The browser tells the exact time of each picture that it has put on the screen.
  watch() {
    this.video.requestVideoFrameCallback?.((now, picture) => {
      if (this.target < 0 && !this.busy) this.offset = picture.mediaTime; // the first frame's own time
      const frame = this.frameAt(picture.mediaTime - this.offset);
      this.pictured = frame;
      if (!this.busy) { if (this.still.hidden || !this.video.paused) this.show(frame); }
      else if (picture.presentationTime >= this.askedAt) this.settle(frame);
      if (!this.closed) this.watch();
    });
  }

  show(frame, still = false) {
    this.still.hidden = !still;
    this.shown = frame;
    this.onFrame(frame);
  }

  frameAt(time) {
    let low = 0, high = this.times.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.times[middle] <= time + 5e-4) low = middle; else high = middle - 1;
    }
    return low;
  }

  timeIn(frame, share) {
    const { times } = this;
    const last = times.length - 1;
    const next = frame < last ? times[frame + 1] : 2 * times[last] - times[Math.max(last - 1, 0)];
    return times[frame] + share * (next - times[frame]);
  }

  // One seek at a time; holding a key moves `wanted` on and the newest wish is sought next.
  seek(frame) {
    this.wanted = frame;
    if (!this.busy) this.go();
  }

  go(aim = 0) {
    Object.assign(this, { busy: true, aim, target: this.wanted, askedAt: performance.now() });
    clearTimeout(this.timer);
    if (this.missed.has(this.target)) { this.fetch(this.pictured); return; }
    this.expect();
    this.video.currentTime = this.timeIn(this.target, AIMS[aim]) + this.offset;
  }

  expect(times = 0) {
    clearTimeout(this.stall);
    this.stall = setTimeout(() => { if (this.busy) this.revive(times); }, STALL_MS);
  }

  // The server may have been away: once it answers the file is taken up again where it was.
  // A file that breaks off while the server is there cannot be played: `onBroken` hears that.
  async revive(times = 0) {
    if (this.reviving || this.closed) return;
    const { error, src } = this.video;
    this.reviving = true;
    let away = 0;
    while (!await isThere(src)) { away += 1; await wait(500); }
    this.reviving = false;
    if (this.closed) return;
    if (error?.code >= MediaError.MEDIA_ERR_DECODE && !away) { this.onBroken(); return; }
    if (!error && !away && times < 2) { this.expect(times + 1); return; } // only slow
    this.busy = true;
    this.video.onloadeddata = () => this.go();
    this.video.src = src;
  }

  // No new picture comes when the browser thinks that the one on the screen is right already.
  sought() {
    clearTimeout(this.timer);
    const there = () => this.pictured ?? this.target; // some browsers tell no times
    this.timer = setTimeout(() => this.settle(there()), GRACE_MS[Number(there() !== this.target)]);
  }

  // `frame` is on the screen: take it, aim better, or go where the person wants to be by now.
  settle(frame) {
    if (!this.busy) return;
    clearTimeout(this.timer);
    const off = frame !== this.target && this.video.paused; // a playing film has moved on already
    if (this.wanted !== this.target) this.go();
    else if (off && this.aim + 1 < AIMS.length) this.go(this.aim + 1);
    else if (off) { this.fetch(frame); return; }
    else this.busy = false;
    this.show(frame);
  }

  // The frame as a still picture; without one the frame that the video shows instead is told.
  async fetch(instead) {
    const { target, still } = this;
    const got = await new Promise((tell) => {
      Object.assign(still, { onload: () => tell(true), onerror: () => tell(false) });
      still.src = pictureAt(this.url, target);
    });
    if (this.closed || this.target !== target) return;
    this.busy = false;
    if (got) this.missed.add(target);
    if (this.wanted !== target) this.go(); else this.show(got ? target : instead, got);
  }

  // On from the frame on the screen, also where that is a still picture.
  play(speed) {
    if (!this.still.hidden) {
      this.still.hidden = true;
      this.video.currentTime = this.timeIn(this.shown, 0.5) + this.offset;
    }
    this.video.playbackRate = speed;
    return this.video.play();
  }

  pause() { this.video.pause(); }
  get paused() { return this.video.paused; }

  close() {
    this.closed = true;
    clearTimeout(this.timer);
    clearTimeout(this.stall);
    Object.assign(this.video,
      { onseeked: null, onpause: null, onended: null, onerror: null, onloadeddata: null });
    this.video.pause();
    this.video.removeAttribute("src");
    this.video.load();
  }
}

const isThere = (url) => fetch(url, { method: "HEAD" }).then((answer) => answer.status < 500, () => false);

// Shows frames that the server decodes, for videos that no browser can play.
class StillSource {
  constructor(image, url, times, onFrame, onTrouble) {
    Object.assign(this, { image, url, times, onFrame, wanted: 0, paused: true, busy: false });
    image.onload = () => this.arrived();
    image.onerror = () => {
      Object.assign(this, { busy: false, paused: true });
      load(image.src).catch((error) => onTrouble(error.message)); // ask again to hear the reason
    };
  }

  seek(frame) {
    this.startClock(frame);
    this.ask(frame);
  }

  ask(frame) {
    this.wanted = frame;
    if (!this.busy) this.go();
  }

  go() {
    Object.assign(this, { busy: true, target: this.wanted });
    this.image.src = pictureAt(this.url, this.target);
  }

  arrived() {
    this.busy = false;
    this.shown = this.target;
    this.onFrame(this.target);
    if (this.wanted !== this.target) this.go();
    else this.tick();
  }

  // While playing, ask for the frame that is due by now; slow pictures are skipped, not delayed.
  tick() {
    if (this.paused) return;
    const due = this.startTime + ((performance.now() - this.startedAt) / 1000) * this.speed;
    const last = this.times.length - 1;
    let next = this.shown;
    while (next < last && this.times[next + 1] <= due) next++;
    if (this.shown === last) this.pause();
    else if (next === this.shown) requestAnimationFrame(() => this.busy || this.tick());
    else this.ask(next);
  }

  startClock(frame) {
    Object.assign(this, { startTime: this.times[frame], startedAt: performance.now() });
  }

  async play(speed) {
    Object.assign(this, { paused: false, speed });
    this.startClock(this.shown ?? 0);
    this.tick();
  }

  pause() {
    this.paused = true;
    if (this.shown !== undefined) this.onFrame(this.shown);
  }

  close() {
    this.paused = true;
    Object.assign(this.image, { onload: null, onerror: null });
  }
}
