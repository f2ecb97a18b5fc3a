// Shapes of regions as the drawing tool moves them: corners, hits, sizes. All in video pixels, in
// which whole numbers are the centres of pixels, as regions are stored and judged.

const LEAST = { polygon: 3, rectangle: 2, circle: 2, point: 1, line: 2 };
const round2 = (value) => Math.round(value * 100) / 100;
const apart = ([ax, ay], [bx, by]) => Math.hypot(bx - ax, by - ay);

// The places at which a shape can be taken hold of.
function handles({ kind, points }) {
  if (kind === "rectangle") return corners({ kind, points });
  return kind === "circle" ? [points[1]] : points;
}

function corners({ kind, points }) {
  if (kind !== "rectangle") return points;
  const [[ax, ay], [bx, by]] = points;
  return [[ax, ay], [bx, ay], [bx, by], [ax, by]];
}

// The points of a shape after one of its handles went to a place.
function withHandle({ kind, points }, k, [x, y]) {
  if (kind === "circle") return [points[0], [x, y]];
  if (kind !== "rectangle") return points.map((point, i) => (i === k ? [x, y] : point));
  const [[ax, ay], [bx, by]] = points;
  const left = k === 0 || k === 3, top = k < 2;
  return [[left ? x : ax, top ? y : ay], [left ? bx : x, top ? by : y]];
}

const moved = (points, dx, dy) => points.map(([x, y]) => [round2(x + dx), round2(y + dy)]);

// Square pixels inside; 0 for what has no inside.
function areaOf(shape) {
  if (shape.kind === "circle") return Math.PI * apart(...shape.points) ** 2;
  if (shape.kind === "point" || shape.kind === "line") return 0;
  const ring = corners(shape);
  return Math.abs(ring.reduce((sum, [x, y], i) => {
    const [nx, ny] = ring[(i + 1) % ring.length];
    return sum + x * ny - nx * y;
  }, 0)) / 2;
}

// The box around a shape: left, top, right, bottom.
function boundsOf(shape) {
  const r = shape.kind === "circle" ? apart(...shape.points) : 0;
  const ring = r ? [shape.points[0]] : corners(shape);
  const [xs, ys] = [0, 1].map((i) => ring.map((point) => point[i]));
  return [Math.min(...xs) - r, Math.min(...ys) - r, Math.max(...xs) + r, Math.max(...ys) + r];
}

const lengthOf = ({ points }) => points.slice(1).reduce((sum, p, i) => sum + apart(points[i], p), 0);

// How far a place is from a shape's outline or, for shapes with an inside, 0 within.
function distanceTo(shape, [x, y]) {
  if (shape.kind === "circle") return Math.max(apart(shape.points[0], [x, y]) - apart(...shape.points), 0);
  if (shape.kind === "point") return apart(shape.points[0], [x, y]);
  const ring = corners(shape), closed = shape.kind !== "line";
  let inside = false, nearest = Infinity;
  ring.forEach(([ax, ay], i) => {
    if (!closed && i === ring.length - 1) return;
    const [bx, by] = ring[(i + 1) % ring.length];
    if (closed && (ay > y) !== (by > y) && x < ax + ((y - ay) * (bx - ax)) / (by - ay)) inside = !inside;
    nearest = Math.min(nearest, toEdge([ax, ay], [bx, by], [x, y]));
  });
  return inside ? 0 : nearest;
}

function toEdge(a, b, at) {
  const [dx, dy] = [b[0] - a[0], b[1] - a[1]];
  const share = clamp(((at[0] - a[0]) * dx + (at[1] - a[1]) * dy) / (dx * dx + dy * dy || 1), 0, 1);
  return apart(at, [a[0] + share * dx, a[1] + share * dy]);
}

// The edge of a polygon or line that passes within reach of a place, -1 for none.
function edgeAt({ kind, points }, at, reach) {
  const last = kind === "polygon" ? points.length : points.length - 1;
  if (kind !== "polygon" && kind !== "line") return -1;
  for (let i = 0; i < last; i++) {
    if (toEdge(points[i], points[(i + 1) % points.length], at) <= reach) return i;
  }
  return -1;
}

// What a drawn shape says about the scale: px along the known sizes.
function measured(shape) {
  if (shape.kind === "circle") return [2 * apart(...shape.points)];
  if (shape.kind === "line") return [lengthOf(shape)];
  const ring = corners(shape);
  if (ring.length !== 4) return [];
  const side = ring.map((corner, i) => apart(corner, ring[(i + 1) % 4]));
  return [(side[0] + side[2]) / 2, (side[1] + side[3]) / 2];
}

// A template's regions, in cm around its middle, put on the picture (as app.setting_up.region_templates does).
function placed(regions, { x, y, sx, sy, turn }) {
  const cosine = Math.cos((turn * Math.PI) / 180), sine = Math.sin((turn * Math.PI) / 180);
  const turned = (px, py) => [px * cosine + py * sine, -px * sine + py * cosine];
  const put = (px, py, by = [sx, sy]) => {
    const [dx, dy] = turned(px * by[0], py * by[1]);
    return [dx, dy];
  };
  const mean = Math.sqrt(Math.abs(sx * sy));
  return regions.map((region) => {
    const at = region.points.map(([px, py]) => put(px, py).map((v, i) => v + [x, y][i]));
    if (region.kind === "circle") {
      const [[cx, cy], [rx, ry]] = region.points;
      const rim = put(rx - cx, ry - cy, [mean, mean]);
      at[1] = [at[0][0] + rim[0], at[0][1] + rim[1]];
    }
    return { ...region, points: at.map((point) => point.map(round2)) };
  });
}
