"""The reference of the vocabulary, made from its docstrings: `python -m llm_query.reference`."""

from __future__ import annotations

import re
import sys
import textwrap
from collections.abc import Iterable
from functools import lru_cache

from llm_query.remembering.inflections import bases
from llm_query.remembering.synonyms import PLAIN_WORDS, alike
from llm_query.word_help import OTHER, TOPICS, Entry, Parameter, entries

CONVENTIONS = """\
- **Frames** count from 0. A bout runs from its start frame up to, not including, its stop frame.
- **Times** are seconds from the presentation times of the file's own frames: 29.97 frames/s is
  30000/1001, and a variable rate is honoured. A frame lasts until the next one is shown.
- **Units.** Lengths are cm when the video has a scale and px when it has none; limits that you pass
  are in the same unit. The unit of every value is given as "cm/s (px/s without a scale)".
- **Places.** x goes right and y goes down, from the picture's top left corner.
- **Headings** are degrees: 0 is right, 90 is up, counter-clockwise.
- **Missing is NaN.** Nothing is computed across a gap. A frame in which something cannot be told is
  neither in nor out; a state goes on over at most 3 unseen frames and ends with a longer gap.
- **Per frame.** In analysis code, one value per frame is an array with one number for each of the
  n frames; an x and a y per frame are two columns, (n, 2).
- **Who.** The subject does it, the target has it done to it. Animals are called by name.
- **Latency** of what never happened is missing and marked as censored, not 0.
"""


def page() -> str:
    """The whole reference as Markdown."""
    every = entries()
    titles = [t for t in [*(t for t, _, _ in TOPICS), OTHER] if any(e.topic == t for e in every)]
    intro = {title: text for title, text, _ in TOPICS}
    lines = [
        "# Measures and behaviours", "",
        "Every word that analysis code may use, made from the program's own help by "
        "`python -m llm_query.reference`; `ethoscribe measures NAME` shows the same. Every example "
        "runs as printed: `example_recording()` is three animals in a box of 50 x 40 cm, 6 seconds "
        "at 30 frames/s.", "", "## Conventions", "", CONVENTIONS, "## Contents", "",
    ]  # fmt: skip
    for title in titles:
        words = [f"[{e.name}](#{e.name.lower()})" for e in every if e.topic == title]
        lines.append(f"- [{title}](#{_anchor(title)}): {', '.join(words)}")
    for title in titles:
        lines += ["", f"## {title}", "", *textwrap.wrap(intro.get(title, ""), 100)]
        for entry in every:
            if entry.topic == title:
                lines += ["", *markdown(entry)]
    return "\n".join(lines) + "\n"


def _anchor(title: str) -> str:
    return re.sub(r"[^a-z0-9 -]", "", title.lower()).replace(" ", "-")


def markdown(entry: Entry, heading: str = "###") -> list[str]:
    """One word as lines of Markdown."""
    lines = [
        f"{heading} {entry.name}",
        "",
        entry.summary,
        "",
        "```python",
        spelled_call(entry.call),
        "```",
    ]
    if entry.text:
        lines += ["", entry.text]
    told = ["- " + ", ".join(f"`{p.name}`{_default(p)}" for p in alike) + f": {alike[0].text}"
            for alike in _together(entry.parameters)]  # fmt: skip
    if told:
        lines += ["", *told]
    unit = f" Unit: {entry.unit}." if entry.unit else ""
    lines += ["", f"**Gives** {entry.returns.rstrip('.')}.{unit}"]
    if entry.source:
        lines += ["", f"**Source** {entry.source}"]
    if entry.example:
        lines += ["", "```pycon", entry.example, "```"]
    return lines


def spelled_call(call: str) -> str:
    """The call in lines of up to 88 characters, as code is written.

    >>> spelled_call("speed(recording, animal)")
    'speed(recording, animal)'
    """
    if len(call) <= 88:
        return call
    name, _, arguments = call.rstrip(")").partition("(")
    lines = textwrap.wrap(arguments, 84, break_on_hyphens=False, break_long_words=False)
    return f"{name}(\n" + "\n".join(f"    {line}" for line in lines) + "\n)"


def _together(parameters: Iterable[Parameter]) -> list[list[Parameter]]:
    """The parameters to explain; those of the same explanation stand side by side."""
    found: dict[str, list[Parameter]] = {}
    for each in parameters:
        if each.text and each.name != "recording":
            found.setdefault(each.text, []).append(each)
    return list(found.values())


def _default(parameter: Parameter) -> str:
    return f" (default `{parameter.default}`)" if parameter.default else ""


def plain_text(entry: Entry) -> str:
    """One word's help for a terminal."""
    wide = textwrap.TextWrapper(96, initial_indent="  ", subsequent_indent="      ")
    parts = [spelled_call(entry.call), entry.summary, entry.text]
    parts.append("\n".join(
        wide.fill(", ".join(f"{p.name}{_plain_default(p)}" for p in alike) + f": {alike[0].text}")
        for alike in _together(entry.parameters)
    ))  # fmt: skip
    parts.append(
        f"Gives {entry.returns.rstrip('.')}." + (f" Unit: {entry.unit}." * bool(entry.unit))
    )
    parts.append(wide.fill(f"Source: {entry.source}").strip() if entry.source else "")
    parts.append(textwrap.indent(entry.example, "  "))
    return "\n\n".join(part for part in parts if part)


def _plain_default(parameter: Parameter) -> str:
    return f" ({parameter.default})" if parameter.default else ""


def find(words: Iterable[Entry], text: str) -> list[Entry]:
    """The words that a search for `text` means: by name, by what people call them, by the help.

    >>> [entry.name for entry in find(entries(), "nearest neighbour dist")][:1]
    ['nearest_neighbour_distance']
    >>> "nose_to_body" in [entry.name for entry in find(entries(), "sniffing")]
    True
    """
    every = text.lower().replace("_", " ").replace("?", " ").split()
    parts = [part for part in every if part not in PLAIN_WORDS] or every
    if not parts:
        return []
    found = [(rank, entry) for entry in words if (rank := _rank(entry, parts, every)) is not None]
    return [entry for _, entry in sorted(found, key=lambda one: one[0])]


def _rank(entry: Entry, parts: list[str], every: list[str]) -> int | None:
    """How well a word fits a search, 0 best; None where it does not."""
    name = entry.name.replace("_", " ")
    called = set(f"{name} {entry.aliases}".lower().split())
    everything = f"{name} {entry.aliases} {entry.topic} {entry.summary} {entry.text}".lower()
    fits = (
        name == " ".join(every),
        all(part in name for part in every),
        all(part in name for part in parts),
        all(not alike(part).isdisjoint(_forms(entry.aliases)) for part in parts),
        all(not alike(part).isdisjoint(called) for part in parts),
        all(part in everything for part in parts),
    )
    return fits.index(True) if True in fits else None


@lru_cache(maxsize=1000)
def _forms(words: str) -> frozenset[str]:
    """Words and their dictionary forms."""
    return frozenset(form for word in words.split() for form in (word, *bases(word)))


def main() -> None:
    """Write the page to standard output."""
    sys.stdout.reconfigure(encoding="utf-8")  # type: ignore[union-attr]
    sys.stdout.write(page())


if __name__ == "__main__":
    main()
