"""What comes back from analysis code, made fit to be shown: letters, numbers, figures, bouts.

Analysis code may return anything. What could steer a terminal or a browser is taken out, and what
cannot be meant is one clear error.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import replace
from typing import Any

import pandas as pd

from llm_query.answer_checks import Result
from llm_query.errors import QueryError

# Controls but tab and line break; marks that turn the direction of writing or are not seen.
UNREADABLE = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u034f\u061c\u180e\u200b\u200e\u200f\u2028-\u202e"
    r"\u2060-\u2069\ufeff\U000e0000-\U000e0fff]"
)
TAG = re.compile(r"</?([a-zA-Z!?][\w:-]*)[^<>]*>?")
KEPT_TAGS = frozenset(
    ("b", "i", "br", "sub", "sup", "em", "strong", "extra")
)  # without what they carry
LEFT_OUT = object()
# Browsers read \ as /, forgive a missing /, and leave out tabs and line breaks: so does this.
ADDRESS = re.compile(
    r"(?:[a-z][a-z0-9+.-]*:)?[/\\]{2}|(?:[a-z]*script|file|blob|https?|ftp|data):", re.I
)
SOURCES = frozenset(("source", "src", "href", "url", "image"))  # keys whose value is fetched
PICTURE = re.compile(r"data:image/(?:png|jpeg|gif|webp);base64,[A-Za-z0-9+/=]*", re.I)
MAPS = re.compile(r"map|geo|choropleth")  # kinds of traces whose ground comes from the network
MAP_KEYS = frozenset(("mapbox", "map", "geo"))


def readable(text: str) -> str:
    """A text without characters that could steer a terminal or hide what it says.

    >>> readable("one\\n\\x1b[2Jtwo\\u202e")
    'one\\n[2Jtwo'
    """
    return UNREADABLE.sub("", text)


def cleaned(result: Result) -> Result:
    """A result whose every name and text can be shown; what cannot be meant is its error."""
    try:
        return replace(
            result,
            text=readable(result.text),
            numbers={readable(str(name)): value for name, value in result.numbers.items()},
            bouts=_readable_table(result.bouts),
            table=None if result.table is None else _readable_table(result.table),
            figure=None if result.figure is None else safe_figure(result.figure),
        )
    except QueryError as error:
        return Result(error=str(error), seconds=result.seconds)


def check_bouts(bouts: pd.DataFrame, animals: Collection[str], n_frames: int) -> None:
    """Make sure that bouts are of the video's animals and inside it."""
    if not len(bouts):
        return
    known = set(animals)
    subjects = [str(name) for name in bouts["subject"].unique()]
    strange = [name for name in subjects if not known.issuperset(name.split("+"))]
    if strange:
        raise QueryError(
            f"The analysis gives bouts of '{readable(strange[0])}', but the animals of this video "
            f"are {', '.join(animals)}."
        )
    last = int(bouts["stop_frame"].max())
    if last > n_frames:
        raise QueryError(
            f"The analysis gives a bout that ends at frame {last}, but this video has {n_frames} "
            "frames."
        )


def _readable_table(table: pd.DataFrame) -> pd.DataFrame:
    columns = [readable(str(name)) for name in table.columns]
    if len(set(columns)) < len(columns):
        raise QueryError("Two columns of the result have the same name. Rename one.")
    clean = table.set_axis(columns, axis="columns")
    for name in columns:
        if clean[name].dtype.kind not in "iufb":
            texts = [readable(v) if isinstance(v, str) else v for v in clean[name].astype(object)]
            clean[name] = pd.Series(texts, index=clean.index, dtype=object)
    return clean


def safe_figure(figure: dict[str, Any]) -> dict[str, Any]:
    """A figure that asks nothing of the network: no addresses, no links, no maps of the world.

    >>> safe_figure({"data": [{"x": [1], "text": "<a href='//x'>b</a>"}], "layout": {}})["data"]
    [{'x': [1], 'text': 'b'}]
    """
    data, layout = figure.get("data", []), figure.get("layout", {})
    whole = isinstance(data, list) and all(isinstance(trace, dict) for trace in data)
    if not whole or not isinstance(layout, dict):
        raise QueryError("The figure of the result has no list of traces or no layout.")
    kinds = [str(trace.get("type", "")) for trace in data]
    for kind in kinds:
        if MAPS.search(kind) and kind not in ("heatmap", "heatmapgl", "treemap"):
            raise QueryError(
                f"A figure cannot be of the kind {readable(kind)}: it needs a network."
            )
    kept = {key: value for key, value in layout.items() if key not in MAP_KEYS}
    return {"data": _safe(data), "layout": _safe(kept)}


def _safe(value: Any, key: str = "") -> Any:
    """Texts without addresses and tags, all the way down; `key` is where the value stands."""
    if isinstance(value, dict):
        found = {}
        for name, inner in value.items():
            name = readable(str(name))
            found[name] = _safe(inner, name.lower())
        return {key: inner for key, inner in found.items() if inner is not LEFT_OUT}
    if isinstance(value, list):
        return [inner for inner in (_safe(each, key) for each in value) if inner is not LEFT_OUT]
    if not isinstance(value, str) or PICTURE.fullmatch(value):
        return value
    text = readable(value)
    if key in SOURCES or ADDRESS.match(re.sub(r"[\s\x00-\x20]+", "", text)):
        return LEFT_OUT  # left out where it stands
    return _without_tags(text)


def _without_tags(text: str) -> str:
    """The text with bare tags of the kept kinds only, also those that a removal would make."""
    while (plainer := TAG.sub(_tag, text)) != text:
        text = plainer
    return text


def _tag(found: re.Match[str]) -> str:
    name = found[1].lower()
    if name not in KEPT_TAGS:
        return ""
    return f"</{name}>" if "/" in found[0][:3] else f"<{name}>"
