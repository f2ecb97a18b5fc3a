// Where the pictures come from: a <video>, or frames that the server decodes.

// Shows frames of a <video>. `onFrame(n)` is called with the frame that is on the screen.
class VideoSource {
  constructor(video, times, onFrame) {
    Object.assign(this, { video, times, onFrame, offset: 0, target: -1, wanted: 0, busy: false });
    video.onseeked = () => this.arrived();
    video.onpause = () => { if (!video.ended) this.seek(this.shown ?? 0); };
    video.onended = () => this.seek(times.length - 1);
    this.watch();
  }

  watch() {
    this.video.requestVideoFrameCallback?.((now, picture) => {
      if (this.target < 0 && !this.busy) this.offset = picture.mediaTime; // the first frame's own time
      this.show(this.frameAt(picture.mediaTime - this.offset));
      if (!this.closed) this.watch();
    });
  }

  show(frame) { this.shown = frame; this.onFrame(frame); }

  frameAt(time) {
    let low = 0, high = this.times.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.times[middle] <= time + 5e-4) low = middle; else high = middle - 1;
    }
    return low;
  }

  middle(frame) {
    const { times } = this;
    const last = times.length - 1;
    const next = frame < last ? times[frame + 1] : 2 * times[last] - times[Math.max(last - 1, 0)];
    return (times[frame] + next) / 2;
  }

  // One seek at a time; holding a key moves `wanted` on and the newest wish is sought next.
  seek(frame) {
    this.wanted = frame;
    if (!this.busy) this.go();
  }

  go() {
    this.busy = true;
    this.target = this.wanted;
    this.video.currentTime = this.middle(this.target) + this.offset;
  }

  arrived() {
    this.busy = false;
    if (this.wanted !== this.target) this.go(); else if (this.video.paused) this.show(this.target);
  }

  play(speed) { this.video.playbackRate = speed; return this.video.play(); }
  pause() { this.video.pause(); }
  get paused() { return this.video.paused; }
  close() { this.closed = true; this.video.pause(); this.video.removeAttribute("src"); this.video.load(); }
}

// Shows frames that the server decodes, for videos that no browser can play.
class StillSource {
  constructor(image, url, times, onFrame) {
    Object.assign(this, { image, url, times, onFrame, wanted: 0, paused: true, busy: false });
    image.onload = () => this.arrived();
    image.onerror = () => { this.busy = false; this.paused = true; };
  }

  seek(frame) {
    this.wanted = frame;
    if (!this.busy) this.go();
  }

  go() {
    this.busy = true;
    this.target = this.wanted;
    this.image.src = `${this.url}/${this.target}.jpg`;
  }

  arrived() {
    this.busy = false;
    this.shown = this.target;
    this.onFrame(this.target);
    if (!this.paused) this.advance();
    if (this.wanted !== this.target) this.go();
  }

  advance() {
    const time = this.startTime + ((performance.now() - this.startedAt) / 1000) * this.speed;
    while (this.wanted < this.times.length - 1 && this.times[this.wanted + 1] <= time) this.wanted++;
    if (this.wanted === this.times.length - 1) this.paused = true;
    else if (this.wanted === this.target) requestAnimationFrame(() => this.paused || this.advance() || this.seek(this.wanted));
  }

  async play(speed) {
    const startTime = this.times[this.shown ?? 0];
    Object.assign(this, { paused: false, speed, startTime, startedAt: performance.now() });
    this.seek(Math.min((this.shown ?? 0) + 1, this.times.length - 1));
  }

  pause() { this.paused = true; }
  close() { this.paused = true; this.image.onload = null; }
}
