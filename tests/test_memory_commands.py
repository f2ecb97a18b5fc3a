"""define and definitions on the command line, with a study in a real folder."""

import csv
import io
import json
from pathlib import Path

import pytest
from terminal import Ended, here
from typer.testing import CliRunner

from app.cli import app
from llm_query.memory import Memory
from storage.study import open_study


@pytest.fixture
def study(tmp_path: Path) -> Path:
    with open_study(tmp_path / "study", create=True):
        pass
    return tmp_path / "study"


def run(*arguments: object) -> Ended:
    result = CliRunner().invoke(app, [str(one) for one in arguments], prog_name="ethoscribe")
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return Ended(result.exit_code, result.stdout, result.stderr)


def test_define_list_show_rename_forget(study, tmp_path):
    code = tmp_path / "chase.py"
    code.write_text("def chase(recording):\n    return 1\n")
    ended = run(
        "define", "chase", "both run, under 5 cm", "-s", study, "--alias", "pursuit",
        "--code", code, "--set", "max_cm=5", "--set", "who=both", "--author", "Ana",
    )  # fmt: skip
    assert (ended.status, ended.out, ended.err) == (0, "", "chase: version 1\n")
    ended = run("define", "ambush", "hidden, then a chase", "-s", study)
    assert ended.err == "ambush: version 1, needs chase\n"
    assert run("define", "ambush", "hidden, then a chase", "-s", study).err == (
        "ambush: as it was, version 1\n"
    )
    table = list(csv.DictReader(io.StringIO(run("definitions", "list", "-s", study).out)))
    assert [(row["name"], row["version"], row["aliases"]) for row in table] == [
        ("chase", "1", "pursuit"),
        ("ambush", "1", ""),
    ]
    assert table[1]["depends_on"] == "chase" and table[0]["author"] == "Ana"
    shown = run("definitions", "show", "pursuits", "-s", study).out.splitlines()
    assert shown[:4] == [
        "chase (also pursuit): both run, under 5 cm",
        "  parameters: max_cm = 5.0, who = both",
        "  def chase(recording):",
        "      return 1",
    ]
    assert shown[4].startswith("version 1, 20") and shown[4].endswith("last used: never")
    ended = run("definitions", "rename", "chase", "hunt", "-s", study)
    assert ended.err == "hunt: version 2, also chase, pursuit\n"
    ended = run("definitions", "forget", "pursuit", "-s", study)
    assert ended.status == 0 and ended.err.splitlines() == [
        "hunt: forgotten",
        "It is still needed by ambush: define it anew, or forget them, too.",
    ]
    assert run("definitions", "show", "chase", "--version", "1", "-s", study).status == 0


def test_show_gives_all_versions_also_as_json(study):
    for limit in (5, 6):
        run("define", "chase", f"under {limit} cm", "-s", study)
    shown = run("definitions", "show", "chase", "--all", "-s", study).out
    assert "under 5 cm" in shown and "under 6 cm" in shown
    versions = json.loads(run("definitions", "show", "chase", "--all", "--json", "-s", study).out)
    assert [one["version"] for one in versions] == [1, 2]
    one = json.loads(run("definitions", "show", "chase", "--json", "-s", study).out)
    assert one["text"] == "under 6 cm" and one["aliases"] == []
    listed = json.loads(run("definitions", "list", "--json", "-s", study).out)
    assert [each["name"] for each in listed] == ["chase"]


def test_aliases_are_added_and_dropped(study):
    run("define", "chase", "under 5 cm", "-s", study, "--alias", "a1", "--alias", "b1")
    run("define", "chase", "-s", study, "--alias", "c1", "--drop-alias", "a1")
    assert Memory(study).definition("chase").aliases == ("b1", "c1")
    ended = run("define", "chase", "-s", study, "--drop-alias", "a1")
    assert ended.status == 1 and "'chase' has no alias a1" in ended.err


def test_definitions_go_from_one_study_to_another_by_file(study, tmp_path):
    with open_study(tmp_path / "other", create=True):
        pass
    run("define", "chase", "under 5 cm", "-s", study)
    run("define", "ambush", "then a chase", "-s", study)
    run("define", "dig", "in the bedding", "-s", study)
    file = tmp_path / "d.json"
    ended = run("definitions", "export", "ambush", "-s", study, "-o", file)
    assert ended.err == f"{file}: 2 definitions\n"
    ended = run("definitions", "import", file, "-s", tmp_path / "other")
    assert (ended.status, ended.err) == (0, "d.json: 2 added, 0 known already\n")
    run("define", "chase", "under 9 cm", "-s", tmp_path / "other")
    ended = run("definitions", "import", file, "-s", tmp_path / "other")
    assert ended.status == 1 and "chase: left alone, here it means: under 9 cm" in ended.err
    assert Memory(tmp_path / "other").definition("chase").text == "under 9 cm"
    assert run("definitions", "import", file, "-s", tmp_path / "other", "--replace").status == 0
    assert Memory(tmp_path / "other").definition("chase").version == 3


def test_what_is_wrong_is_said_in_one_line(study, tmp_path):
    for arguments, word in (
        (("define", "chase"), "Say what 'chase' means"),
        (("define", "the", "x"), "nearly every question"),
        (("define", "chase", "x", "--code", tmp_path / "none.py"), "none.py"),
        (("define", "chase", "x", "--depends-on", "dig"), "not defined"),
        (("definitions", "show", "chase"), "no definition 'chase'"),
        (("definitions", "show", "chase", "--all"), "never had a definition 'chase'"),
        (("definitions", "forget", "chase"), "no definition 'chase'"),
        (("definitions", "rename", "chase", "hunt"), "no definition 'chase'"),
        (("definitions", "export", "chase", "-o", tmp_path / "x.json"), "no definition"),
        (("definitions", "import", tmp_path / "none.json"), "none.json"),
    ):
        ended = run(*arguments, "-s", study)
        assert ended.status == 1 and ended.out == "" and ended.says_one_clear_line(), ended
        assert word in ended.err
    assert run("define", "chase", "x", "--set", "max", "-s", study).status == 2
    missing = run("definitions", "list", "-s", tmp_path / "nowhere")
    assert missing.status == 1 and missing.says_one_clear_line()


def test_an_empty_study_says_how_to_define(study):
    ended = run("definitions", "list", "-s", study)
    assert (ended.status, ended.out) == (0, "") and "ethoscribe define" in ended.err


def test_it_works_as_a_process_of_its_own(study):
    ended = here("define", "chase", "under 5 cm", "-s", study)
    assert ended.status == 0, ended.err
    assert "chase,1," in here("definitions", "list", "-s", study).out
