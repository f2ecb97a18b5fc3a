// The tracks of a few seconds as they come from the server, and the outlines drawn from them.

const KEPT_CHUNKS = 40;
const ARRAYS = { i4: Int32Array, u4: Uint32Array, f4: Float32Array, u2: Uint16Array };

function unpack(buffer) {
  const length = new DataView(buffer).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, length)));
  const padded = (bytes) => Math.ceil(bytes / 4) * 4;
  let at = 4 + padded(length);
  const table = { names: header.point_names };
  for (const [name, dtype, count] of header.columns) {
    table[name] = new ARRAYS[dtype](buffer, at, count);
    at += padded(table[name].byteLength);
  }
  return table;
}

// Where each frame's rows start, for rows sorted by frame.
function startsOf(frames, first, count) {
  const starts = new Uint32Array(count + 1);
  for (const frame of frames) starts[frame - first + 1] += 1;
  for (let i = 0; i < count; i++) starts[i + 1] += starts[i];
  return starts;
}

class Chunk {
  constructor(buffer, first, count) {
    Object.assign(this, unpack(buffer), { first, paths: new Map() });
    this.trackStarts = startsOf(this.track_frame, first, count);
    this.maskStarts = startsOf(this.mask_frame, first, count);
    this.pointStarts = startsOf(this.point_frame, first, count);
  }

  * rows(starts, frame) {
    for (let i = starts[frame - this.first]; i < starts[frame - this.first + 1]; i++) yield i;
  }

  position(frame, animal) {
    for (const i of this.rows(this.trackStarts, frame)) {
      if (this.track_animal[i] === animal) {
        return { x: this.track_x[i], y: this.track_y[i], heading: this.track_heading[i] };
      }
    }
    return null;
  }

  outline(i) {
    if (!this.paths.has(i)) {
      const runs = this.mask_runs.subarray(this.mask_offset[i], this.mask_offset[i + 1]);
      const box = [this.mask_x0[i], this.mask_y0[i], this.mask_width[i], this.mask_height[i]];
      this.paths.set(i, outlineOf(runs, ...box));
    }
    return this.paths.get(i);
  }
}

// Follow the pixel edges of a run-length mask and cut the corners: a closed path in video pixels.
function outlineOf(runs, x0, y0, width, height) {
  const wide = width + 2;
  const inside = new Uint8Array(wide * (height + 2));
  let at = 0;
  runs.forEach((run, k) => {
    if (k % 2) for (let i = at; i < at + run; i++) {
      inside[(Math.floor(i / width) + 1) * wide + (i % width) + 1] = 1;
    }
    at += run;
  });
  const path = new Path2D();
  const seen = new Uint8Array(inside.length); // top edges already walked
  const filled = (x, y) => inside[y * wide + x];
  for (let y = 1; y <= height; y++) {
    for (let x = 1; x <= width; x++) {
      if (filled(x, y) && !filled(x, y - 1) && !seen[y * wide + x]) {
        walk(path, filled, seen, wide, x, y, x0 - 1, y0 - 1);
      }
    }
  }
  return path;
}

// Walk one border with the mask on the right hand; directions: 0 east, 1 south, 2 west, 3 north.
function walk(path, filled, seen, wide, x, y, left, top) {
  const DX = [1, 0, -1, 0], DY = [0, 1, 0, -1];
  let cx = x, cy = y, direction = 0; // the corner we stand on: the upper left one of pixel (x, y)
  const start = [cx, cy];
  let first = true;
  do {
    if (direction === 0) seen[cy * wide + cx] = 1;
    const mx = left + cx + DX[direction] / 2, my = top + cy + DY[direction] / 2;
    if (first) path.moveTo(mx, my); else path.lineTo(mx, my);
    first = false;
    cx += DX[direction];
    cy += DY[direction];
    // the pixels ahead of the corner, on the left and on the right of the way we came
    const [ax, ay] = [[cx, cy - 1], [cx, cy], [cx - 1, cy], [cx - 1, cy - 1]][direction];
    const [bx, by] = [[cx, cy], [cx - 1, cy], [cx - 1, cy - 1], [cx, cy - 1]][direction];
    if (filled(ax, ay) && filled(bx, by)) direction = (direction + 3) % 4;
    else if (!filled(bx, by)) direction = (direction + 1) % 4;
  } while (cx !== start[0] || cy !== start[1] || direction !== 0);
  path.closePath();
}

class Overlay {
  constructor(facts, onArrival, onTrouble) {
    Object.assign(this, { facts, onArrival, onTrouble, chunks: new Map(), asked: new Set() });
  }

  // The chunk that holds a frame; asks for it, and answers null, when it is not here yet.
  at(frame) {
    if (!this.facts.run || frame < 0 || frame >= this.facts.frames) return null;
    const first = Math.floor(frame / this.facts.chunk) * this.facts.chunk;
    const chunk = this.chunks.get(first);
    if (!chunk) { this.fetch(first); return null; }
    this.chunks.delete(first); // the most recently used moves to the end
    this.chunks.set(first, chunk);
    return chunk;
  }

  async fetch(first) {
    if (this.asked.has(first)) return;
    this.asked.add(first);
    const stop = Math.min(first + this.facts.chunk, this.facts.frames);
    const run = encodeURIComponent([this.facts.run, this.facts.tracks].filter(Boolean).join("-"));
    try {
      const buffer = await load(`${this.facts.urls.overlay}?start=${first}&stop=${stop}&run=${run}`);
      this.chunks.set(first, new Chunk(buffer, first, stop - first));
      while (this.chunks.size > KEPT_CHUNKS) this.chunks.delete(this.chunks.keys().next().value);
      this.asked.delete(first);
      this.onArrival();
    } catch (error) {
      this.onTrouble(`The tracks cannot be shown: ${error.message}`);
    }
  }
}
