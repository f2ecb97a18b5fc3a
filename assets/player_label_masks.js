// Masks of animals as they are corrected: pixels inside a box, { x0, y0, width, height, bits }.
//
// A pixel belongs to one animal at most. What is stored is exactly what is drawn: run lengths of
// 16 bits inside the box, rows first, the first run of zeros (as tracking.masks has them).

const MASK_LONGEST = 65535;

function maskOf(x0, y0, width, height) {
  return { x0, y0, width, height, bits: new Uint8Array(width * height) };
}

function maskFromRuns({ x0, y0, width, height, rle }) {
  const mask = maskOf(x0, y0, width, height);
  const bytes = Uint8Array.from(atob(rle), (letter) => letter.charCodeAt(0));
  const runs = new Uint16Array(bytes.buffer, 0, bytes.length >> 1);
  let at = 0;
  runs.forEach((run, k) => { if (k % 2) mask.bits.fill(1, at, at + run); at += run; });
  return mask;
}

function runsOfMask({ bits }) {
  const runs = [];
  let value = 0, length = 0;
  const put = () => {
    while (length > MASK_LONGEST) { runs.push(MASK_LONGEST, 0); length -= MASK_LONGEST; }
    runs.push(length);
  };
  for (const bit of bits) {
    if (bit === value) { length += 1; continue; }
    put();
    value = bit;
    length = 1;
  }
  put();
  return runs;
}

function maskAsText(mask) {
  const runs = new Uint16Array(runsOfMask(mask)), bytes = new Uint8Array(runs.buffer);
  let text = "";
  for (let i = 0; i < bytes.length; i += 8192) text += String.fromCharCode(...bytes.subarray(i, i + 8192));
  return btoa(text);
}

const boxOfMask = ({ x0, y0, width, height }) => [x0, y0, x0 + width, y0 + height];
const areaOfMask = ({ bits }) => bits.reduce((sum, bit) => sum + bit, 0);
const pathOfMask = (mask) => outlineOf(runsOfMask(mask), ...[mask.x0, mask.y0, mask.width, mask.height]);

function maskHas({ x0, y0, width, height, bits }, x, y) {
  const column = Math.round(x) - x0, row = Math.round(y) - y0;
  return column >= 0 && row >= 0 && column < width && row < height && bits[row * width + column] === 1;
}

// The same pixels in another box; what lies outside of it is left out.
function maskInBox(mask, [x0, y0, x1, y1]) {
  const made = maskOf(x0, y0, Math.max(x1 - x0, 0), Math.max(y1 - y0, 0));
  const left = Math.max(x0, mask.x0), right = Math.min(x1, mask.x0 + mask.width);
  for (let y = Math.max(y0, mask.y0); y < Math.min(y1, mask.y0 + mask.height) && right > left; y++) {
    const from = (y - mask.y0) * mask.width - mask.x0;
    made.bits.set(mask.bits.subarray(from + left, from + right), (y - y0) * made.width + left - x0);
  }
  return made;
}

// In the smallest box around its pixels; null where there are none.
function tightMask(mask) {
  const { x0, y0, width, height, bits } = mask;
  let [left, top, right, bottom] = [width, height, -1, -1];
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      if (!bits[i]) continue;
      if (x < left) left = x;
      if (x > right) right = x;
      if (y < top) top = y;
      bottom = y;
    }
  }
  return bottom < 0 ? null : maskInBox(mask, [x0 + left, y0 + top, x0 + right + 1, y0 + bottom + 1]);
}

// Pixels of either; `one` may be null.
function uniteMasks(one, other) {
  if (!one) return other;
  const [a, b] = [boxOfMask(one), boxOfMask(other)];
  const made = maskInBox(one, [Math.min(a[0], b[0]), Math.min(a[1], b[1]), Math.max(a[2], b[2]), Math.max(a[3], b[3])]);
  return overMask(made, other, () => 1);
}

// Pixels of the first that are not of the second; null where none is left.
function withoutMask(one, other) {
  return tightMask(overMask(maskInBox(one, boxOfMask(one)), other, () => 0));
}

function overMask(made, other, value) {
  for (let y = Math.max(made.y0, other.y0); y < Math.min(made.y0 + made.height, other.y0 + other.height); y++) {
    for (let x = Math.max(made.x0, other.x0); x < Math.min(made.x0 + made.width, other.x0 + other.width); x++) {
      if (other.bits[(y - other.y0) * other.width + x - other.x0]) {
        made.bits[(y - made.y0) * made.width + x - made.x0] = value();
      }
    }
  }
  return made;
}

// The pixels whose centres are inside a polygon of {x, y}, by the even-odd rule; null for none.
function maskOfPolygon(corners, width, height) {
  const ys = corners.map(({ y }) => y), xs = corners.map(({ x }) => x);
  const box = [Math.max(Math.floor(Math.min(...xs)), 0), Math.max(Math.floor(Math.min(...ys)), 0),
    Math.min(Math.ceil(Math.max(...xs)) + 1, width), Math.min(Math.ceil(Math.max(...ys)) + 1, height)];
  if (box[2] <= box[0] || box[3] <= box[1]) return null;
  const mask = maskOf(box[0], box[1], box[2] - box[0], box[3] - box[1]);
  for (let row = 0; row < mask.height; row++) {
    const y = row + mask.y0, cuts = [];
    corners.forEach((from, i) => {
      const to = corners[(i + 1) % corners.length];
      if ((from.y <= y) !== (to.y <= y)) cuts.push(from.x + ((y - from.y) * (to.x - from.x)) / (to.y - from.y));
    });
    cuts.sort((a, b) => a - b);
    for (let k = 0; k + 1 < cuts.length; k += 2) {
      const first = clamp(Math.ceil(cuts[k]) - mask.x0, 0, mask.width);
      const stop = clamp(Math.ceil(cuts[k + 1]) - mask.x0, 0, mask.width);
      mask.bits.fill(1, row * mask.width + first, row * mask.width + stop);
    }
  }
  return tightMask(mask);
}

// What a round brush covers on its way from one place to another; null outside of the picture.
function maskOfStroke(from, to, radius, width, height) {
  const box = [Math.max(Math.floor(Math.min(from.x, to.x) - radius), 0),
    Math.max(Math.floor(Math.min(from.y, to.y) - radius), 0),
    Math.min(Math.ceil(Math.max(from.x, to.x) + radius) + 1, width),
    Math.min(Math.ceil(Math.max(from.y, to.y) + radius) + 1, height)];
  if (box[2] <= box[0] || box[3] <= box[1]) return null;
  const mask = maskOf(box[0], box[1], box[2] - box[0], box[3] - box[1]);
  const [dx, dy] = [to.x - from.x, to.y - from.y], long = dx * dx + dy * dy || 1;
  for (let y = 0, i = 0; y < mask.height; y++) {
    for (let x = 0; x < mask.width; x++, i++) {
      const px = x + mask.x0 - from.x, py = y + mask.y0 - from.y;
      const share = clamp((px * dx + py * dy) / long, 0, 1);
      if (Math.hypot(px - share * dx, py - share * dy) <= radius) mask.bits[i] = 1;
    }
  }
  return tightMask(mask);
}
