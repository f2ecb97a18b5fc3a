"""Answers are fit to be shown: no address, no link and no steering character gets through."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from llm_query.answer_cleaning import readable, safe_figure
from llm_query.remembering.definition_files import FORMAT, read_definitions

PIXEL = "data:image/png;base64,iVBORw0KGgo="


def figure(source: str) -> dict:
    return {"data": [], "layout": {"images": [{"source": source, "x": 0}]}}


@pytest.mark.parametrize("source", [
    "https://evil/x.png", "\u200ehttps://evil", "\x01https://evil", "ht\ttps://evil", "https:/evil",
    "https:evil", "\\\\evil\\x", "//evil", "/logout", "http:\\\\evil", "file:///etc/passwd",
    "data:text/html;base64,PHNjcmlwdD4=", "data:image/svg+xml;base64,AAAA", "blob:x", "x.png",
    "data:image/png;base64,AAAA\"onerror=\"x",
])  # fmt: skip
def test_a_picture_is_never_fetched(source: str) -> None:
    assert safe_figure(figure(source))["layout"] == {"images": [{"x": 0}]}


def test_a_picture_that_brings_its_pixels_is_kept() -> None:
    assert safe_figure(figure(PIXEL)) == figure(PIXEL)


@pytest.mark.parametrize("text", [
    "<a href='https://evil'>click</a>", "<<x>a href='https://evil'>click",
    "<<<x>x>a href='//evil'>click", "<\u200ea href='//evil'>click",
    "<<x>span style='cursor:url(https://evil),auto'>click", "<img src=x>click",
])  # fmt: skip
def test_a_text_becomes_no_link_by_taking_something_out(text: str) -> None:
    (trace,) = safe_figure({"data": [{"text": text}], "layout": {}})["data"]
    assert "<" not in trace["text"] and "click" in trace["text"]


def test_what_is_no_tag_stays() -> None:
    text = "<b>speed</b> < 5 cm/s (<= 5), a<br>b"
    (trace,) = safe_figure({"data": [{"text": text}], "layout": {}})["data"]
    assert trace["text"] == text


@pytest.mark.parametrize("mark", ["\u202e", "\U000e0041", "\u00ad", "\u180e", "\u034f", "\x1b"])
def test_marks_that_are_not_seen_are_taken_out(mark: str) -> None:
    assert readable(f"a{mark}b") == "ab"


def test_a_strangers_definitions_cannot_steer_the_terminal(tmp_path: Path) -> None:
    one = {"name": "chase", "text": "fast\u202e", "author": "\x1b]0;x\x07me", "aliases": ["\x1bz"]}
    file = tmp_path / "theirs.json"
    file.write_text(json.dumps({"format": FORMAT, "version": 1, "definitions": [one]}))
    (found,) = read_definitions(file)
    assert (found.text, found.author, found.aliases) == ("fast", "]0;xme", ("z",))
