// Names and regions drawn over the picture. The pen works in video pixels; `unit` is one CSS pixel.

// A name on a pill of its colour, standing on (x, bottom) and kept inside the picture.
function label(pen, text, x, bottom, colour, unit, font, width) {
  pen.font = `600 ${12 * unit}px ${font}`;
  const wide = pen.measureText(text).width + 10 * unit, high = 17 * unit;
  const left = clamp(x - wide / 2, 0, Math.max(width - wide, 0));
  pen.fillStyle = colour;
  pen.beginPath();
  pen.roundRect(left, bottom - high, wide, high, 4 * unit);
  pen.fill();
  pen.fillStyle = colour === "#0072B2" ? "#fff" : "#111";
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
  pen.font = `${12 * unit}px ${font}`;
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
