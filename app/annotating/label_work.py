"""Work on labels beside the page that asked for it: one at a time for each study.

Choosing frames and bringing labels in read many pictures, which takes a while; what they make is
stored whole at their end, so that nothing is half done when the server stops.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from app.errors import AppError, known_errors, one_line
from app.labelling.importing import Imported
from app.labelling.proposing import Proposed

DOING = {
    "looking": "Looking at frames of video", "filling": "Outlining animals in video",
    "learning": "Learning how wide a body is:", "outlining": "Outlining poses:",
}  # fmt: skip
OWN = "“A recording of their own”"  # as the page Label calls --as-video
# What a terminal is told to say, and what a page has for it.
_ON_PAGE = (
    (r"say --video V where .* of V, or --as-video NAME to keep .* own",
     f"choose the video whose frames they are, or {OWN}"),
    (r"say --video (.+) --first (-?\d+)", r"choose \1, with \2 as the number of its first frame"),
    (r"name it by --video instead of --as-video", f"choose it instead of {OWN}"),
    (r"--as-video NAME", OWN),
    (r"or --video (.+) where", r"or choose \1 where"),
    (r"import it alone, by --video (.+?)(\.?)$", r"choose \1 and import it alone\2"),
    (r"already: --video", "already: choose"),
    (r"--no-check brings", "“Compare pictures” under More, switched off, brings"),
    (r"with --proofread", "with “Somebody has looked at the predicted poses” under More"),
)  # fmt: skip
OnProgress = Callable[[str, int, int], None]  # what is done, done, total


@dataclass
class Work:
    """One piece of work, as far as it is."""

    stage: str = ""
    done: int = 0
    total: int = 0
    said: str | None = None  # what came of it
    error: str = ""
    brought: list[tuple[str, int]] = field(default_factory=list)  # video and frame to open first

    @property
    def active(self) -> bool:
        """Whether it still works."""
        return self.said is None and not self.error

    @property
    def share(self) -> float:
        """Done part of the present stage, 0 to 1."""
        return min(self.done / self.total, 1.0) if self.total else 0.0

    @property
    def words(self) -> str:
        """What it does, for a person."""
        if not self.total:
            return "Reading…"
        doing = DOING.get(self.stage, f"{self.stage.capitalize()}:")
        return f"{doing} {min(self.done + 1, self.total)} of {self.total}"


Act = Callable[[OnProgress, Work], str]  # does it, notes what to open, says what came of it
_works: dict[Path, Work] = {}
_lock = threading.Lock()


def start(study: Path, act: Act) -> Work:
    """Begin; AppError where something of this study is still being done."""
    with _lock:
        known = _works.get(study)
        if known is not None and known.active:
            raise AppError("Wait until what is being done with the labels has ended.")
        work = _works[study] = Work()
    threading.Thread(target=_run, args=(work, act), daemon=True).start()
    return work


def current(study: Path) -> Work | None:
    """What works, or what has ended and nobody was told."""
    return _works.get(study)


def take(study: Path) -> Work | None:
    """What has ended, once."""
    with _lock:
        work = _works.get(study)
        return _works.pop(study) if work is not None and not work.active else None


def _run(work: Work, act: Act) -> None:
    def tell(stage: str, done: int, total: int) -> None:
        work.stage, work.done, work.total = stage, done, total

    try:
        said = act(tell, work)
    except known_errors() as error:
        work.error = on_page(one_line(error))
    except BaseException as error:  # the page must not wait for what is gone
        work.error = f"It could not be done: {one_line(error)}"
        raise
    else:
        work.said = said


def proposed_words(found: Sequence[Proposed]) -> str:
    """What was proposed, in a sentence or two.

    >>> proposed_words([Proposed("a", [3, 9])])
    '2 frames to label were chosen. Nothing is outlined in them yet.'
    """
    frames = sum(len(one.frames) for one in found)
    kept = [one.reserved.words for one in found if one.reserved is not None][:2]
    if not frames:
        return " ".join(
            ["No further frame differs enough from those that are there already.", *kept]
        )
    said = f"{_count(frames, 'frame')} to label {'was' if frames == 1 else 'were'} chosen."
    filled = sum(len(one.fills.labels) for one in found)
    said += (
        f" In {filled} of them the animals are outlined already: correct them."
        if filled
        else " Nothing is outlined in them yet."
    )
    hints = dict.fromkeys(one.fills.said for one in found if one.fills.said)
    return " ".join([said, *(_sentence(hint) for hint in list(hints)[:2]), *kept])


def imported_words(done: Imported) -> str:
    """What was brought in, in a few sentences."""
    frames = sum(done.frames.values())
    said = f"{_count(frames, 'frame')} with {_count(done.animals, 'animal')} brought in."
    if done.kept:
        said += f" {_count(done.kept, 'frame')} that a person had labelled stay as they were."
    return " ".join([said, *map(_sentence, done.notes)])


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def on_page(text: str) -> str:
    """A line for a terminal, in the words of the page.

    >>> on_page("or as images of their own (--as-video NAME).")
    'or as images of their own (“A recording of their own”).'
    """
    for told, shown in _ON_PAGE:
        text = re.sub(told, shown, text)
    return text


def _sentence(text: str) -> str:
    text = on_page(text)
    text = text.replace(" (--animals N)", "").strip()
    return text[:1].upper() + text[1:] + ("" if text.endswith(".") else ".")
