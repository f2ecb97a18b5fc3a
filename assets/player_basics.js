// What the player and the editor of labels are both built on.

const clamp = (value, low, high) => Math.min(Math.max(value, low), high);
const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

function remember(key, value) {
  try {
    if (value === undefined) return JSON.parse(localStorage.getItem(`ethoscribe.${key}`));
    localStorage.setItem(`ethoscribe.${key}`, JSON.stringify(value));
  } catch { /* private windows may have no storage; the player works without */ }
  return null;
}

async function load(url) {
  for (let attempt = 0; ; attempt++) {
    const response = await fetch(url);
    if (response.ok) return response.arrayBuffer();
    if (response.status !== 503 || attempt === 20) throw new Error(await reasonOf(response));
    await wait(1000); // a job is storing its result; the study opens again shortly
  }
}

async function reasonOf(response) {
  try { return (await response.json()).error; } catch { return `HTTP ${response.status}`; }
}

function clock(seconds, step = 1) {
  const digits = step < 0.1 ? 2 : step < 1 ? 1 : 0;
  const whole = Number(seconds.toFixed(digits)), hours = Math.floor(whole / 3600);
  const minutes = Math.floor((whole - 3600 * hours) / 60), rest = whole - 3600 * hours - 60 * minutes;
  const tail = rest.toFixed(digits).padStart(digits ? digits + 3 : 2, "0");
  return hours ? `${hours}:${String(minutes).padStart(2, "0")}:${tail}` : `${minutes}:${tail}`;
}

// Give a canvas the screen's real pixels and return a pen that draws in CSS pixels.
function fit(canvas, width, height) {
  const ratio = window.devicePixelRatio || 1;
  const [w, h] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== w || canvas.height !== h) Object.assign(canvas, { width: w, height: h });
  const pen = canvas.getContext("2d");
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.clearRect(0, 0, width, height);
  return pen;
}

function element(tag, fields = {}, ...children) {
  const made = Object.assign(document.createElement(tag), fields);
  made.append(...children);
  return made;
}

const pressed = (text, title, act) => element("button", { type: "button", textContent: text, title, onclick: act });
