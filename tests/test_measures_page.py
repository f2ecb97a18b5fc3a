"""The Measures page without a browser."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from app import workplace
from app.workplace import Workplace
from llm_query.word_help import entries

SHELL = Path(workplace.__file__).parent / "views" / "shell.py"


@pytest.fixture
def page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    monkeypatch.setattr(workplace, "_current", Workplace.of(tmp_path / "study"))
    return AppTest.from_file(str(SHELL), default_timeout=60).run().switch_page("measures.py").run()


def labels(app: AppTest) -> list[str]:
    return [expander.label.partition(" — ")[0].strip("*") for expander in app.expander]


def test_the_first_topic_is_open_and_lists_all_its_words(page: AppTest) -> None:
    assert not page.exception
    movement = [entry.name.replace("_", "\\_") for entry in entries() if entry.topic == "Movement"]
    assert labels(page)[:-1] == movement
    assert f"{len(entries())} words" in page.caption[0].value


def test_a_search_looks_in_every_topic_and_opens_what_is_meant(page: AppTest) -> None:
    page.text_input[0].set_value("freezing").run()
    assert not page.exception
    assert labels(page)[0] == "freezing"
    assert page.expander[0].proto.expanded
    page.text_input[0].set_value("zebra crossing").run()
    assert "Try a shorter one" in page.markdown[1].value  # after the title
