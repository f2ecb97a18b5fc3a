"""The reference of the vocabulary: complete, up to date, and findable."""

import inspect
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from terminal import here

from llm_query.reference import find, markdown, page
from llm_query.vocabulary import Word, vocabulary
from llm_query.word_aliases import ALIASES, DETAILS
from llm_query.word_help import Entry, entries, entry_of, topic_of

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "measures.md"


@pytest.fixture(scope="module")
def words() -> dict[str, Entry]:
    return {entry.name: entry for entry in entries()}


def test_every_word_says_its_unit_shape_source_topic_and_example(words):
    assert set(words) == set(vocabulary())
    offenders = {name: entry.lacking for name, entry in words.items() if entry.lacking}
    assert offenders == {}


def test_every_parameter_is_explained(words):
    silent = {
        name: [p.name for p in entry.parameters if not p.text]
        for name, entry in words.items()
        if any(not p.text for p in entry.parameters)
    }
    assert silent == {}


def sentences_of(entry: Entry) -> dict[str, str]:
    """Every piece of help that a person reads of one word."""
    told = {"summary": entry.summary, "text": entry.text, "gives": entry.returns}
    return told | {p.name: p.text for p in entry.parameters}


def test_help_is_whole_sentences_in_a_biologists_words(words):
    faults = []
    for name, entry in words.items():
        for what, text in sentences_of(entry).items():
            intervals = re.sub(r"[\[(][^()\[\]]*,[^()\[\]]*[)\]]", "", text)  # (-180, 180]
            ways = {
                "brackets": intervals.count("(") != intervals.count(")"),
                "nothing said": "as said here" in text or "per frame per frame" in text,
                "code": re.search(r"\(n[,)]|read-only|\bunit/s", text),
                "cut": re.search(r"(?:[,;:(]|\.\.\.|\b(?:and|or|the|of|as))$", text),
            }
            faults += [(name, what, way) for way, is_so in ways.items() if is_so]
        for paragraph in filter(None, entry.text.split("\n\n")):
            if paragraph[0].islower() or not paragraph.rstrip().endswith((".", ")", ":")):
                faults.append((name, "text", paragraph[:60]))
    assert faults == []


def test_the_parser_gives_each_parameter_its_own_sentence_and_no_more():
    def made(recording, animal, min_step=0.0, point="centre", left=None, right=None, limit=None):
        """Measure it.

        In (0, 1]. Two points at the sides (left, right: the ears) are seen from above. limit,
        point: as said of others. None takes all. Columns: a, b. min_step (in unit):
        shorter ones are left out. Missing frames stay missing. Shape (n,), read-only.

        Source: ours.
        """

    doc = inspect.getdoc(made) or ""
    entry = entry_of(Word("made", made, "()", doc.partition("\n")[0], doc, "", "array"))
    told = {p.name: p.text for p in entry.parameters}
    assert told["limit"] == told["point"] == "as said of others. None takes all"
    assert told["min_step"] == "shorter ones are left out"
    assert "(left, right: the ears) are seen from above." in entry.text
    assert "Columns: a, b." in entry.text and "Missing frames stay missing." in entry.text
    assert "Shape" not in entry.text and entry.source == "ours."


@pytest.mark.parametrize(
    ("asked", "first"),
    [
        ("sniff", {"nose_contact", "nose_to_body", "nose_to_tail", "explores"}),
        ("how still is the mouse", {"freezing", "immobile"}),
        ("how fast is it?", {"speed", "mean_speed"}),
        ("wall hugging", {"thigmotaxis"}),
        ("freezing", {"freezing"}),
    ],
)
def test_a_search_knows_what_people_call_things(words, asked, first):
    assert first <= {entry.name for entry in find(words.values(), asked)[:6]}


def test_what_words_are_called_and_told_is_of_this_vocabulary(words):
    assert set(ALIASES) <= set(words)
    known = {(name, p.name) for name, entry in words.items() for p in entry.parameters}
    assert set(DETAILS) <= known
    numbers = re.compile(r"\d")  # a default said twice is wrong once somebody changes it
    assert [text for text in DETAILS.values() if numbers.search(text.replace("0 to 1", ""))] == []


def test_the_page_in_the_documents_is_this_vocabulary():
    assert PAGE.read_text(encoding="utf-8") == page(), (
        "docs/measures.md is out of date: python -m llm_query.reference > docs/measures.md"
    )


def test_the_page_is_the_same_in_a_process_of_its_own():
    ended = subprocess.run(
        [sys.executable, "-m", "llm_query.reference"], cwd=ROOT, capture_output=True, check=True
    )
    assert ended.stdout.decode("utf-8") == page()


def test_the_page_has_every_word_once_and_every_link_leads_somewhere(words):
    text = page()
    heads = [line.strip("# ") for line in text.splitlines() if line.startswith("### ")]
    assert sorted(heads) == sorted(words)
    anchors = {line.lstrip("# ").lower().replace(" ", "-") for line in text.splitlines()
               if line.startswith("#")}  # fmt: skip
    links = {part.partition(")")[0] for part in text.split("](#")[1:]}
    assert links <= anchors


def test_a_word_is_taken_apart_into_what_a_biologist_asks(words):
    speed = words["speed"]
    assert speed.call.startswith('speed(recording, animal, point="centre", window_s=0.0')
    assert speed.unit == "cm/s (px/s without a scale)"
    assert speed.returns == "one value per frame"
    told = {p.name: p for p in speed.parameters}
    assert told["window_s"].default == "0.0" and "straight line" in told["window_s"].text
    assert told["animal"].default == ""
    assert speed.source and ">>>" not in speed.text and "Source" not in speed.text
    assert speed.example.splitlines()[0] == ">>> recording = example_recording()"
    assert words["velocity"].returns == "two values per frame, x and y"
    lines = markdown(speed)
    assert lines[0] == "### speed" and lines[-1] == "```" and "```pycon" in lines


def test_topics_follow_the_modules():
    assert topic_of("llm_query.social.social_table") == "Social"
    assert topic_of("llm_query.nobody_knows") == "More"
    assert entry_of(vocabulary()["in_region"]).topic == "Regions"


def test_a_search_finds_names_first_and_then_what_is_said(words):
    found = [entry.name for entry in find(words.values(), "nose contact")]
    assert found[0] == "nose_contact"
    assert "speed" in [entry.name for entry in find(words.values(), "how fast")]
    assert find(words.values(), "zebra crossing") == []


def test_the_command_lists_one_line_per_word_by_topic(words):
    ended = here("measures")
    assert ended.status == 0, ended.err
    lines = [line for line in ended.out.splitlines() if line.startswith("  ")]
    assert [line.split()[0] for line in lines] == list(words)
    assert ended.out.startswith("Movement\n") and "\nSocial\n" in ended.out
    assert f"{len(words)} words" in ended.err


def test_the_command_shows_one_word_or_all_as_json(words):
    ended = here("measures", "Distance-Moved")
    assert ended.status == 0, ended.err
    assert " ".join(ended.out.split()).startswith("distance_moved( recording, animal")
    assert "Unit: cm (px without a scale)." in ended.out and ">>> " in ended.out
    record = json.loads(here("measures", "speed", "--json").out)
    assert record["name"] == "speed" and record["parameters"][1]["name"] == "animal"
    assert [each["name"] for each in json.loads(here("measures", "--json").out)] == list(words)


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ("sped", "There is no measure 'sped'. Did you mean speed"),
        ("nose_contct", "nose_contact"),
        ("qqqqqq", "`ethoscribe measures` lists them all."),
    ],
)
def test_an_unknown_word_is_one_line_with_the_nearest_names(asked, says):
    ended = here("measures", asked)
    assert ended.status == 1 and ended.out == ""
    assert ended.says_one_clear_line() and says in ended.err
