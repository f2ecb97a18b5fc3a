"""A report on a tracked video: one page of HTML with everything in it, made without any script.

What it shows is what the study holds: it can be made again at any time, also after corrections.
"""

from __future__ import annotations

import re
import uuid
from html import escape
from importlib.resources import files
from pathlib import Path

from app.errors import AppError
from app.figures import report_parts as parts
from app.figures import report_settings as how
from app.figures.report_facts import Facts, Look, facts_of
from app.library import reading, video_file
from app.videos.quality import quality_of, quality_words
from storage.videos import find_video
from tracking.video import probe

FOLDER = "reports"  # of a study
SAMPLES = 8  # and the empty arena: three rows of three
# The page may load nothing, whatever a name in it says.
POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"


def report_html(study: Path, video: int | str) -> str:
    """The page about the present tracks of one video."""
    from app.figures.report_pictures import background, draw_looks  # OpenCV, which pages load late

    facts = facts_of(study, video)
    doubted = parts.doubt_looks(facts) if facts.film else {}
    samples = _samples(facts) if facts.film else []
    wanted = [*samples, *(look for looks in doubted.values() for look in looks)]
    pictures = draw_looks(study, facts.video.video_id, wanted, facts.length_px) if wanted else {}
    empty = background(facts.kept / "background.png")
    sections = [
        ("Pictures", parts.samples(facts, samples, pictures, empty)),
        ("Doubtful places", parts.doubts(facts, doubted, pictures)),
        ("Who is who", parts.identities(facts)),
        ("Over time", parts.found(facts)),
        ("Animals", parts.sizes(facts)),
        ("Settings", how.settings(facts)),
        ("Times", how.times(facts)),
        ("Where it comes from", how.origin(facts)),
    ]
    body = "".join(f"<h2>{title}</h2>{content}" for title, content in sections)
    return _page(facts, _head(study, facts) + body)


def write_report(study: Path, video: int | str, output: Path | None = None) -> Path:
    """Write the page whole or not at all; in the study's `reports` unless told where."""
    if output is None:
        with reading(study) as opened:
            name = file_name(find_video(opened, video).name)
        output = study / FOLDER / f"{name}.html"
        output.parent.mkdir(parents=True, exist_ok=True)
    check_place(output)
    page = report_html(study, video)
    draft = output.with_name(f".{uuid.uuid4().hex}.html")
    try:
        draft.write_text(page, encoding="utf-8")
        draft.replace(output)
    finally:
        draft.unlink(missing_ok=True)
    return output


def check_place(output: Path) -> None:
    """Refuse what cannot be written to, before hours of tracking go by."""
    if output.is_dir():
        raise AppError(f"{output} is a folder: give the name of a file to write.")
    if not output.absolute().parent.is_dir():
        raise AppError(f"There is no folder {output.absolute().parent}: make it first.")


def file_name(video: str) -> str:
    """The name of a video as the name of a file.

    >>> file_name("day 1/cage: 2")
    'day 1_cage_ 2'
    """
    return re.sub(r'[\\/:*?"<>|\x00-\x1f]', "_", video).strip(". ")[:80] or "video"


def _samples(facts: Facts) -> list[Look]:
    from app.figures.report_pictures import sample_frames

    info = probe(video_file(facts.folder, facts.video.video_id))
    return [Look(frame) for frame in sample_frames(info, SAMPLES)]


def _head(study: Path, facts: Facts) -> str:
    video, run = facts.video, facts.run
    quality = quality_of(study, video.video_id)
    said = f"{video.width} × {video.height} px · {float(video.fps):.4g} frames/s · "
    said += f"{parts.clock(round(video.duration_s))} · tracked {run.finished_at:%Y-%m-%d %H:%M} UTC"
    head = f"<h1>{escape(video.name)}</h1><p class='soft'>{said}</p>{parts.tiles(facts)}"
    if quality is not None and quality.doubtful:
        words = escape(quality_words(quality))
        head += f'<div class="warn"><p>Look before you use these tracks: {words}.</p></div>'
    return head


def _page(facts: Facts, body: str) -> str:
    style = files("assets").joinpath("report.css").read_text(encoding="utf-8")
    title = escape(f"{facts.video.name}: tracking report")
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{title}</title><style>{style}</style></head><body>{body}</body></html>\n"
    )
