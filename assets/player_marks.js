// Colours, and the names and regions drawn over the picture. The pen works in video pixels; `unit`
// is one CSS pixel.

// Okabe and Ito's colours, told apart with any colour vision; the order suits dark and light arenas.
const COLOURS = ["#E69F00", "#56B4E9", "#009E73", "#CC79A7", "#D55E00", "#0072B2", "#F0E442"];
// From the eighth on the same hues come darker and dashed, then lighter and dotted, and so on.
const ROUNDS = [{ dash: [] }, { dash: [7, 4], mix: 0, share: 0.4 }, { dash: [2, 4], mix: 255, share: 0.5 }];

const roundOf = (index) => ROUNDS[Math.floor(index / COLOURS.length) % ROUNDS.length];
const dashOf = (index, unit) => roundOf(index).dash.map((length) => length * unit);
const channels = (hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));

function colourOf(index) {
  const colour = COLOURS[index % COLOURS.length], { mix, share } = roundOf(index);
  if (share === undefined) return colour;
  const mixed = channels(colour).map((value) => Math.round(value + (mix - value) * share));
  return `#${mixed.map((value) => value.toString(16).padStart(2, "0")).join("")}`;
}

// Black or white, whichever reads better on a colour (its luminance as in WCAG).
function inkOn(colour) {
  if (!/^#[0-9a-f]{6}$/i.test(colour)) return "#111";
  const [r, g, b] = channels(colour).map((value) => (value / 255) ** 2.2);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b > 0.18 ? "#111" : "#fff";
}

// A name on a pill of its colour, standing on (x, bottom) and kept inside the picture.
function label(pen, text, x, bottom, colour, unit, font, width) {
  pen.font = `600 ${12 * unit}px ${font}`;
  const wide = pen.measureText(text).width + 10 * unit, high = 17 * unit;
  const left = clamp(x - wide / 2, 0, Math.max(width - wide, 0));
  pen.fillStyle = colour;
  pen.beginPath();
  pen.roundRect(left, bottom - high, wide, high, 4 * unit);
  pen.fill();
  pen.fillStyle = inkOn(colour);
  pen.textAlign = "left";
  pen.textBaseline = "middle";
  pen.fillText(text, left + 5 * unit, bottom - high / 2 + 0.5 * unit);
}

function drawRegion(pen, region, unit, font) {
  const path = regionPath(region);
  for (const [colour, width] of [["rgb(0 0 0 / 55%)", 3], ["#fff", 1.4]]) {
    pen.strokeStyle = colour;
    pen.lineWidth = width * unit;
    pen.setLineDash([6 * unit, 4 * unit]);
    pen.stroke(path);
  }
  pen.setLineDash([]);
  const xs = region.points.map((p) => p[0]), ys = region.points.map((p) => p[1]);
  const radius = region.kind === "circle" ? Math.hypot(xs[1] - xs[0], ys[1] - ys[0]) : 0;
  const x = (radius ? xs[0] - radius * 0.7 : Math.min(...xs)) + 5 * unit;
  // An arena is named at its foot, where no region that starts in its corner hides the name.
  const y = region.role === "arena" ? (radius ? ys[0] + radius * 0.7 : Math.max(...ys)) - 10 * unit
    : (radius ? ys[0] - radius * 0.7 : Math.min(...ys)) + 13 * unit;
  // The names of small wells shrink with them, as far as they can be read.
  const wide = radius ? 1.4 * radius : Math.max(...xs) - Math.min(...xs) - 6 * unit;
  const room = xs.length > 1 ? wide / (0.58 * region.name.length) : 12 * unit;
  pen.font = `${clamp(room, 8 * unit, 12 * unit)}px ${font}`;
  pen.textBaseline = "middle";
  pen.lineWidth = 3 * unit;
  pen.strokeStyle = "rgb(0 0 0 / 60%)";
  pen.strokeText(region.name, x, y);
  pen.fillStyle = "#fff";
  pen.fillText(region.name, x, y);
}

function regionPath({ kind, points }) {
  const path = new Path2D();
  const [[ax, ay], [bx, by] = [0, 0]] = points;
  if (kind === "circle") path.arc(ax + 0.5, ay + 0.5, Math.hypot(bx - ax, by - ay), 0, 2 * Math.PI);
  else if (kind === "rectangle") path.rect(ax + 0.5, ay + 0.5, bx - ax, by - ay);
  else if (kind === "point") path.arc(ax + 0.5, ay + 0.5, 4, 0, 2 * Math.PI);
  else {
    points.forEach(([x, y]) => path.lineTo(x + 0.5, y + 0.5));
    if (kind === "polygon") path.closePath();
  }
  return path;
}
