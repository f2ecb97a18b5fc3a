"""A report on a trained network: one page of HTML with everything in it, made without any script.

It is made of what the study holds, so that it can be made again at any time.
"""

from __future__ import annotations

import base64
import uuid
from collections.abc import Sequence
from html import escape
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np

from app.figures.report_charts import COLOURS, Line, line_chart, line_key
from app.figures.report_parts import percent, table
from app.figures.track_report import FOLDER, POLICY
from app.library import reading
from app.training.economy import rows_of
from app.training.economy_report import economy_html
from app.training.rounds import Round, number, rounds
from storage.networks import Network, find_network

WHY = {
    "finished": "all epochs were done", "time": "the time was up",
    "patience": "it did not become better any more", "person": "somebody ended it",
}  # fmt: skip


def report_file(study: Path, key: str) -> Path:
    """Where the report on a network lies."""
    return study / FOLDER / f"network-{key.replace(':', '-')}.html"


def write_report(study: Path, key: str) -> Path:
    """Write the page whole or not at all, and return where."""
    with reading(study) as opened:
        network = find_network(opened, key, kind="pt")
    output = report_file(study, network.key)
    output.parent.mkdir(parents=True, exist_ok=True)
    draft = output.with_name(f".{uuid.uuid4().hex}.html")
    try:
        draft.write_text(report_html(study, network), encoding="utf-8")
        draft.replace(output)
    finally:
        draft.unlink(missing_ok=True)
    return output


def report_html(study: Path, network: Network) -> str:
    """The page about one version of a network."""
    known = rounds(study, network.name)
    sections = [
        ("How good it is", _judged(network)),
        ("How it learned", _curve(network)),
        ("Rounds", _rounds(known)),
        ("Label economy", economy_html(rows_of(study, network))),
        ("Where it fails", _failures(study, network)),
        ("Frames", _frames(network)),
        ("Settings", _settings(network)),
        ("Where it comes from", _origin(network)),
    ]
    body = "".join(f"<h2>{title}</h2>{content}" for title, content in sections if content)
    style = files("assets").joinpath("report.css").read_text(encoding="utf-8")
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(network.key)}: training report</title><style>{style}</style></head>"
        f"<body>{_head(network)}{body}</body></html>\n"
    )


def _head(network: Network) -> str:
    uses = [row.get("use") for row in network.trained_on]
    judged = network.metrics["judged"]
    said = f"trained {network.made_at:%Y-%m-%d %H:%M} UTC"
    said += f" by {network.author}" if network.author else ""
    shown = [
        (number(judged["ap50"]), "mask AP50"),
        (number(judged["ap"]), "mask AP50-95"),
        (number(judged["iou"]), "mean overlap (IoU), 0 for an animal missed"),
        (percent(judged["right_count"]), "of frames with the right number of animals"),
        (str(uses.count("train")), "frames learned from"),
        (_minutes(network.duration_s), "of training"),
    ]
    cells = "".join(f'<div class="tile"><b>{a}</b><span>{b}</span></div>' for a, b in shown)
    head = f"<h1>{escape(network.key)}</h1><p class='soft'>{escape(said)}</p>"
    head += f'<div class="tiles">{cells}</div>'
    if network.metrics.get("seen"):
        head += f'<div class="warn"><p>{escape(network.metrics["validation"])}</p></div>'
    return head


def _judged(network: Network) -> str:
    judged, before = network.metrics["judged"], network.metrics.get("before")
    rows = [
        ("Mask AP50", "ap50", "average precision, a mask counts from an overlap of 0.50 on"),
        ("Mask AP50-95", "ap", "the mean of those at 0.50, 0.55 to 0.95, as COCO defines it"),
        ("IoU", "iou", "overlap with what was found, mean over all true animals: missed is 0"),
        ("IoU of found", "iou_of_found", "the same, mean over the animals found alone"),
        ("Found", "found", "share of the true animals found with an overlap of 0.50 or more"),
        ("Right number", "right_count", "share of frames with as many animals as there are"),
        ("AP50 in contact", "contact_ap50",
         f"on the {judged['contact_frames']} frames with animals within 2 px of each other"),
        ("AP50-95 in contact", "contact_ap", "the same at 0.50 to 0.95"),
    ]  # fmt: skip
    cells = [
        [name, number(judged.get(key)), number(before.get(key)) if before else "", escape(words)]
        for name, key, words in rows
    ]
    head = ("", "This network", "Before this round" if before else "", "")
    said = escape(network.metrics["validation"])
    counted = f"{judged['frames']} frames with {judged['animals']} animals judged it."
    return table(head, cells, (1, 2)) + f'<p class="soft">{said} {counted}</p>'


def _curve(network: Network) -> str:
    points = network.metrics.get("curve") or []
    if not points:
        return ""
    x = np.array([one["seconds"] for one in points], float)
    until = float(x[-1])

    def line(values: Sequence[float], colour: str, name: str) -> Line:
        return Line(x, np.array(values, float), colour, name)

    scores = [
        line([one["ap50"] for one in points], COLOURS[0], "AP50"),
        line([one["ap"] for one in points], COLOURS[1], "AP50-95"),
    ]
    names = list(points[0]["losses"])
    losses = [
        line([one["losses"][name] for one in points], COLOURS[k % 4], name)
        for k, name in enumerate(names)
        if any(one["losses"][name] for one in points)
    ]
    best = max((one for one in points if one["best"]), key=lambda one: one["epoch"], default=None)
    ended = WHY.get(network.metrics.get("stopped", ""), "")
    said = f"{len(points)} epochs; {ended}." if ended else f"{len(points)} epochs."
    if best:
        said += (
            f" The weights are those of epoch {best['epoch']}, the best on the frames that judge."
        )
    return (
        f"<p>{said}</p><h3>On the frames that judge</h3>"
        + line_chart(scores, until, "AP", high=1.05, height=180) + line_key(scores)
        + "<h3>Losses</h3>" + line_chart(losses, until, "loss", height=150) + line_key(losses)
        + '<p class="soft">By time of training. The curve is as training counts it, on masks of a '
        "quarter of the size; the table above is counted at full size.</p>"
    )  # fmt: skip


def _rounds(known: Sequence[Round]) -> str:
    rows = [
        [escape(one.key), str(one.round), str(one.frames), escape(one.parent or "random weights"),
         number(one.ap50), number(one.ap), number(one.right_count),
         "" if one.gain_ap50 is None else f"{one.gain_ap50:+.3f}",
         "" if one.gain_ap is None else f"{one.gain_ap:+.3f}"]
        for one in known
    ]  # fmt: skip
    head = ("Version", "Round", "Frames", "Began with", "AP50", "AP50-95", "Right number",
            "Gain AP50", "Gain AP50-95")  # fmt: skip
    return table(head, rows, (1, 2, 4, 5, 6, 7, 8)) + (
        '<p class="soft">A gain is over the weights that a round began with, on the same frames, '
        "of which neither they nor it learned. The best epoch of a round is chosen on them, so a "
        "gain is somewhat flattered; without such frames no gain is given.</p>"
    )


def _failures(study: Path, network: Network) -> str:
    shown = []
    for one in network.metrics.get("worst") or []:
        file = study / one["picture"]
        if not file.is_file():
            continue
        source = f"data:image/jpeg;base64,{base64.b64encode(file.read_bytes()).decode()}"
        words = f"{one['video']}, frame {one['frame']}: IoU {number(one['iou'])}"
        words += f", {one['missed']} missed" if one["missed"] else ""
        words += f", {one['extra']} too many" if one["extra"] else ""
        said = escape(words, quote=True)
        shown.append(
            f'<figure><img src="{source}" alt="{said}"><figcaption>{said}</figcaption></figure>'
        )
    if not shown:
        return ""
    return (
        "<p>The frames that it finds hardest, of those that judge: the truth in green, what it "
        f'finds in pink.</p><div class="pictures">{"".join(shown)}</div>'
    )


def _frames(network: Network) -> str:
    by_video: dict[str, dict[str, list[str]]] = {}
    for row in network.trained_on:
        uses = by_video.setdefault(str(row["video"]), {})
        uses.setdefault(str(row["use"]), []).append(f"{row['frame']} (r{row['revision']})")
    rows = [
        [escape(video), escape(use), str(len(frames)), escape(", ".join(frames))]
        for video, uses in by_video.items()
        for use, frames in uses.items()
    ]
    return table(("Video", "Used for", "Frames", "Frame (revision of its labels)"), rows, (2,))


def _settings(network: Network) -> str:
    rows = [
        [f"<code>{escape(name)}</code>", escape(_spelled(value))]
        for name, value in network.settings.items()
    ]
    return table(("Setting", "Value"), rows)


def _spelled(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _origin(network: Network) -> str:
    rows = [
        ("Weights", f"<code>{escape(network.path.name)}</code>, {network.bytes / 1e6:.1f} MB"),
        ("SHA-256", f"<code>{network.sha256}</code>"),
        ("Classes", escape(", ".join(network.classes))),
        ("Began with", escape(network.parent or "random weights")),
        ("Time of training", _minutes(network.duration_s)),
        ("Versions", escape(", ".join(f"{k} {v}" for k, v in network.versions.items()))),
    ]
    notes = "".join(f"<p>{escape(line)}</p>" for line in network.metrics.get("notes") or [])
    return table(("", ""), rows) + (f"<h3>Said while it was trained</h3>{notes}" if notes else "")


def _minutes(seconds: float | None) -> str:
    return "not known" if seconds is None else f"{seconds / 60:.1f} min"
