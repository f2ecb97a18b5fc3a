"""The YAML that DeepLabCut and YOLO write: names, lists, lists of lists, and one level of names.

A small part of YAML on purpose: no tags, anchors or objects, so that a file can only ever become
texts, lists and dictionaries.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from storage.errors import StudyError

LARGEST = 4 << 20  # bytes
_Lines = list[tuple[int, str]]  # indentation and what follows it


def read_yaml(file: Path) -> dict[str, Any]:
    """What a file says by name: texts, lists of texts, or dictionaries of texts.

    Values stay texts (`true`, `0.5`); one that is not there is "".
    """
    try:
        if file.stat().st_size > LARGEST:
            raise StudyError(f"{file} is too large to be a file of settings.")
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise StudyError(f"{file} cannot be read: {error}") from error
    lines: _Lines = []
    for line in text.splitlines():
        bare = _without_comment(line).rstrip()
        if bare.strip() and bare.strip() != "---":
            lines.append((len(bare) - len(bare.lstrip()), bare.strip()))
    found = _block(lines, 0, len(lines))
    return found if isinstance(found, dict) else {}


def _without_comment(line: str) -> str:
    """A line without what follows a # that begins it or has a space before it, outside quotes."""
    quote = ""
    for at, letter in enumerate(line):
        if quote:
            quote = "" if letter == quote else quote
        elif letter in "'\"" and (at == 0 or line[at - 1] in " [,:-{"):
            quote = letter
        elif letter == "#" and (at == 0 or line[at - 1].isspace()):
            return line[:at]
    return line


def _block(lines: _Lines, start: int, stop: int) -> Any:
    """What the lines from `start` to `stop` say together."""
    if start == stop:
        return ""
    if _is_item(lines[start][1]):
        return [_item(lines, a, b) for a, b in _pieces(lines, start, stop)]
    found: dict[str, Any] = {}
    for first, last in _pieces(lines, start, stop):
        key, colon, value = _pair(lines[first][1])
        if not colon:
            return _value(" ".join(text for _, text in lines[start:stop]))
        found[key] = _value(value) if value else _block(lines, first + 1, last)
    return found


def _pieces(lines: _Lines, start: int, stop: int) -> list[tuple[int, int]]:
    """Where each entry of a block begins and ends; items may stand right below their name."""
    depth, list_of = lines[start][0], _is_item(lines[start][1])
    heads = [
        at
        for at in range(start, stop)
        if lines[at][0] <= depth and (list_of or not _is_item(lines[at][1]))
    ]
    return list(zip(heads, [*heads[1:], stop], strict=True))


def _item(lines: _Lines, first: int, stop: int) -> Any:
    """What one entry of a list says: the text after its dash, and what stands below it."""
    depth, text = lines[first]
    inner = text[1:].lstrip()
    if not inner:
        return _block(lines, first + 1, stop)
    if stop == first + 1 and not _is_item(inner):
        return _value(inner)
    below = [(depth + len(text) - len(inner), inner), *lines[first + 1 : stop]]
    return _block(below, 0, len(below))


def _is_item(text: str) -> bool:
    return text == "-" or text.startswith("- ")


def _pair(text: str) -> tuple[str, str, str]:
    found = re.match(r"""("[^"]*"|'[^']*'|[^:\s][^:]*?|[A-Za-z]:[^:]*?)\s*:(?:\s+|$)(.*)""", text)
    return (_plain(found[1]), ":", found[2].strip()) if found else ("", "", text)


def _value(text: str) -> Any:
    if text.startswith("[") and text.endswith("]"):
        return [_plain(one) for one in _parts(text[1:-1])]
    if text.startswith("{") and text.endswith("}"):
        pairs = [_pair(f"{one} " if one.endswith(":") else one) for one in _parts(text[1:-1])]
        return {key: _plain(value) for key, _, value in pairs}
    return _plain(text)


def _parts(text: str) -> list[str]:
    """What commas outside of quotes divide."""
    found = re.findall(r"""\s*("[^"]*"|'[^']*'|[^,]+?)\s*(?:,|$)""", text)
    if ":" in text:
        found = re.findall(r"""\s*((?:"[^"]*"|'[^']*'|[^,"'])+?)\s*(?:,|$)""", text)
    return [one for one in found if one.strip()]


def _plain(text: str) -> str:
    text = text.strip()
    if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"":
        return text[1:-1]
    return "" if text in ("null", "~") else text
