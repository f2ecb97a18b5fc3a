"""The memory of a study: defining, redefining, renaming, forgetting, and what answers keep."""

import json
from pathlib import Path

import pytest
from test_study import start

from llm_query.errors import QueryError
from llm_query.memory import Memory, recall, window
from llm_query.remembering import checks as remembering
from llm_query.remembering.definition_files import FORMAT, export_definitions, import_definitions
from storage.study import open_study


def make(folder: Path) -> Memory:
    with open_study(folder, create=True):
        return Memory(folder)


@pytest.fixture
def memory(tmp_path: Path) -> Memory:
    return make(tmp_path / "Étude 1")


def names(memory: Memory) -> list[str]:
    return [one.name for one in memory.definitions()]


def test_what_is_defined_is_known_in_another_process_of_another_day(memory):
    kept = memory.remember(
        "<|chase|>", "  both run, less than 5 cm apart ", code="def f(r):\n    return 1\n",
        aliases=["pursuit", '"hunt"', "pursuit"], parameters={"max_cm": 5}, author="Ana",
    )  # fmt: skip
    assert (kept.name, kept.aliases, kept.version) == ("chase", ("pursuit", "hunt"), 1)
    assert (kept.text, kept.author) == ("both run, less than 5 cm apart", "Ana")
    code = """
    from llm_query.memory import Memory, recall
    [one] = recall("how often were they hunting?", Memory(sys.argv[1]).definitions(), 500)
    print(one.name, one.parameters, one.created_at.tzinfo)
    """
    out, error = start(code, memory.folder).communicate(timeout=60)
    assert out == "chase {'max_cm': 5} UTC\n", error


def test_defining_anew_makes_a_version_and_old_answers_keep_theirs(memory):
    memory.remember("chase", "under 5 cm", aliases=["pursuit"])
    memory.note_turn("how often?", "4 times", definitions=[("chase", 1)])
    memory.remember("Chases", "under 6 cm")
    [now] = memory.definitions()
    assert (now.name, now.version, now.text, now.aliases) == (
        "chase", 2, "under 6 cm", ("pursuit",),
    )  # fmt: skip
    [turn] = memory.turns()
    assert turn.definitions == (("chase", 1),)
    assert memory.definition(*turn.definitions[0]).text == "under 5 cm"
    assert [one.version for one in memory.versions("pursuit")] == [1, 2]
    assert now.last_used_at == turn.at
    assert window(memory.turns(), 1000, memory.definitions()) == []


def test_saying_the_same_again_changes_nothing(memory):
    first = memory.remember("chase", "under 5 cm", author="Ana")
    assert memory.remember("chase", "under 5 cm ", author="Ben") == first
    assert memory.remember("chase") == first


def test_an_alias_is_no_new_meaning_and_keeps_the_code(memory):
    memory.remember("chase", "under 5 cm", code="x = 1")
    memory.note_turn("how often?", definitions=[("chase", 1)])
    two = memory.remember("chase", aliases=["pursuit"])
    assert (two.version, two.meaning_since, two.code) == (2, 1, "x = 1")
    assert len(window(memory.turns(), 1000, memory.definitions())) == 1


def test_code_does_not_outlive_a_new_text(memory):
    memory.remember("chase", "under 5 cm", code="x = 5", parameters={"max_cm": 5})
    two = memory.remember("chase", "under 6 cm")
    assert (two.code, two.parameters) == ("", {})
    three = memory.remember("chase", code="x = 6")
    assert (three.text, three.code, three.meaning_since) == ("under 6 cm", "x = 6", 3)


def test_dependencies_are_seen_in_the_text_or_given(memory):
    memory.remember("chase", "under 5 cm")
    memory.remember("hide", "in the shelter")
    assert memory.remember("ambush", "hidden, then chases").depends_on == ("hide", "chase")
    assert memory.remember("rush", "quick", depends_on=["chases"]).depends_on == ("chase",)
    assert memory.remember("rush", "quicker", depends_on=[]).depends_on == ()
    with pytest.raises(QueryError, match=r"'rush' cannot depend on 'dig', which is not defined"):
        memory.remember("rush", depends_on=["dig"])
    with pytest.raises(QueryError, match=r"'chase' cannot depend on 'ambush', which itself"):
        memory.remember("chase", depends_on=["ambush"])
    assert memory.remember("chase", "the end of an ambush").depends_on == ()  # no circle by chance


def test_a_renamed_definition_is_found_by_both_names(memory):
    memory.remember("chase", "under 5 cm")
    memory.remember("ambush", "hidden, then a chase")
    memory.note_turn("how often?", definitions=[("chase", 1)])
    kept = memory.rename("chase", "pursuit")
    assert (kept.name, kept.aliases, kept.version, kept.meaning_since) == (
        "pursuit", ("chase",), 2, 1,
    )  # fmt: skip
    found = recall("do ambushes end in chases?", memory.definitions(), 500)
    assert [one.name for one in found] == ["pursuit", "ambush"]
    assert memory.definition("chase", 1).name == "chase"
    assert len(window(memory.turns(), 1000, memory.definitions())) == 1
    assert memory.rename("pursuit", "chase").aliases == ("pursuit",)


def test_a_rename_without_alias_is_refused_while_others_need_the_name(memory):
    memory.remember("chase", "under 5 cm")
    memory.remember("ambush", "hidden, then a chase")
    with pytest.raises(QueryError, match="'ambush' would no longer find 'chase'"):
        memory.rename("chase", "pursuit", keep_alias=False)
    memory.forget("ambush")
    assert memory.rename("chase", "pursuit", keep_alias=False).aliases == ()
    assert recall("chases?", memory.definitions(), 500) == []


def test_a_forgotten_name_is_not_recalled_and_starts_anew_later(memory):
    memory.remember("chase", "under 5 cm")
    memory.remember("ambush", "hidden, then a chase")
    memory.note_turn("how often?", definitions=[("chase", 1)])
    assert [one.name for one in memory.forget("chase")] == ["ambush"]
    assert names(memory) == ["ambush"]
    assert recall("chases?", memory.definitions(), 500) == []
    assert window(memory.turns(), 1000, memory.definitions()) == []
    assert memory.definition("chase", 1).text == "under 5 cm"
    with pytest.raises(QueryError, match=r"no definition 'chase'\. It has: ambush"):
        memory.forget("chase")
    assert memory.remember("chase", "under 9 cm").version == 2


@pytest.mark.parametrize("name", ["", "...", "the", "how often", "a < b", "x|y", "x" * 61, "42"])
def test_a_name_that_could_not_be_recalled_is_refused(memory, name):
    with pytest.raises(QueryError):
        memory.remember(name, "a text")
    assert names(memory) == []


@pytest.mark.parametrize(
    ("facts", "says"),
    [
        ({"text": " "}, "Say what 'dig' means"),
        ({"text": None}, "Say what 'dig' means"),
        ({"text": "x", "code": "def f(:"}, "no Python in line 1"),
        ({"text": "x", "code": "a\0b"}, "no Python"),
        ({"text": "x" * 4001}, "too long"),
        ({"text": "\udcff"}, "cannot be kept"),
        ({"text": "x", "parameters": {"a": float("nan")}}, "cannot be kept"),
        ({"text": "x", "parameters": {"a": object()}}, "cannot be kept"),
        ({"text": "x", "aliases": ["chases"]}, "'chases' already is a name of 'chase'"),
        ({"text": "x", "aliases": ["hunts"]}, "'hunts' already is a name of 'chase'"),
    ],
)
def test_what_cannot_be_kept_is_refused_and_nothing_changes(memory, facts, says):
    memory.remember("chase", "under 5 cm", aliases=["hunt"])
    with pytest.raises(QueryError, match=says):
        memory.remember("dig", **facts)
    assert names(memory) == ["chase"]


def test_a_name_that_is_an_alias_of_another_is_not_taken_silently(memory):
    memory.remember("chase", "under 5 cm", aliases=["hunt"])
    with pytest.raises(QueryError, match="'hunt' already is a name of 'chase'"):
        memory.remember("hunt", "looks for food")
    memory.remember("dig", "in the bedding")
    with pytest.raises(QueryError, match="'chase' already is a name of 'chase'"):
        memory.rename("dig", "chase")


def test_being_chased_is_not_chasing(memory):
    memory.remember("chase", "behind the other")
    memory.remember("chased", "in front of the other")
    assert [one.version for one in memory.definitions()] == [1, 1]
    found = recall("when is mouse1 chased?", memory.definitions(), 500)
    assert [one.name for one in found] == ["chased"]


def test_a_user_without_a_name_can_define(memory, monkeypatch):
    def nobody() -> str:
        raise KeyError("getpwuid(): uid not found: 12345")

    monkeypatch.setattr(remembering.getpass, "getuser", nobody)
    assert memory.remember("chase", "under 5 cm").author == ""


def test_two_processes_define_at_once(memory):
    code = """
    from llm_query.memory import Memory
    for k in range(4):
        Memory(sys.argv[1]).remember("chase", f"{sys.argv[2]} {k}")
        Memory(sys.argv[1]).remember(f"{sys.argv[2]} dig {'abcd'[k]}", "x")
    """
    processes = [start(code, memory.folder, who) for who in ("one", "another")]
    for process in processes:
        error = process.communicate(timeout=120)[1]
        assert process.returncode == 0, error
    assert [one.version for one in memory.versions("chase")] == list(range(1, 9))
    assert len(names(memory)) == 9


def test_a_whole_conversation_in_a_real_study(memory):
    said = "Define <|chase|> as both run, less than 5 cm apart. How often do they chase?"
    first, asked = memory.hear(said)
    assert (first.name, first.version, asked) == ("chase", 1, "How often do they chase?")
    for k in range(30):
        assert memory.hear(f"What is the mean speed of animal{k}?") is None
        memory.note_turn(f"What is the speed of animal{k}?", "4 cm/s", conversation="c")
    question = "how often did the chases start in the corner?"
    [chase] = recall(question, memory.definitions(), 500, memory.turns("c"))
    memory.note_turn(question, "3 times", definitions=[("chase", 1)], conversation="c")
    memory.rename("chase", "pursuit")
    assert [one.name for one in recall(question, memory.definitions(), 500)] == ["pursuit"]
    memory.forget("pursuit")
    assert recall(question, memory.definitions(), 500) == []
    assert memory.definition("chase", chase.version) == chase or chase.last_used_at is None
    assert len(memory.turns("c", last=100)) == 31 and memory.turns() == []


def test_what_is_heard_is_kept_and_other_names_add_up(memory):
    memory.hear("Define chase as under 5 cm. It is also called hunt.")
    assert memory.hear("Did I define chase as under 6 cm?") is None
    kept, asked = memory.hear("define chases as under 7 cm, also called pursuit")
    assert (kept.name, kept.aliases, kept.version) == ("chase", ("hunt", "pursuit"), 2)
    kept, asked = memory.hear("Define chase as under 8 cm, count the bouts")
    assert (kept.aliases, kept.text) == (("hunt", "pursuit"), "under 8 cm")
    assert asked == "count the bouts"


def test_definitions_go_to_another_study_with_what_they_need(memory, tmp_path):
    memory.remember("chase", "under 5 cm", aliases=["hunt"], parameters={"max_cm": 5.0}, author="A")
    memory.remember("dig", "in the bedding")
    memory.remember("ambush", "hidden, then a chase")
    file = tmp_path / "d.json"
    assert export_definitions(memory, file, ["ambushes"]) == ["chase", "ambush"]
    other = make(tmp_path / "other")
    done = import_definitions(other, file)
    assert (done.added, done.same, done.conflicts) == (["chase", "ambush"], [], [])
    one, two = other.definitions()
    assert (one.aliases, one.parameters, one.author) == (("hunt",), {"max_cm": 5.0}, "A")
    assert two.depends_on == ("chase",)
    assert import_definitions(other, file).same == ["chase", "ambush"]
    assert export_definitions(memory, file) == ["chase", "dig", "ambush"]
    assert import_definitions(other, file).added == ["dig"]


def test_an_import_tells_conflicts_and_changes_nothing_that_is_known(memory, tmp_path):
    memory.remember("chase", "under 5 cm")
    memory.remember("ambush", "hidden, then a chase")
    memory.remember("dig", "in the bedding", aliases=["scratch"])
    file = tmp_path / "d.json"
    export_definitions(memory, file)
    other = make(tmp_path / "other")
    other.remember("chase", "under 9 cm")
    other.remember("scratch", "hind paw at the ear")
    done = import_definitions(other, file)
    assert done.added == [] and done.conflicts == [
        ("chase", "here it means: under 9 cm"),
        ("ambush", "it needs 'chase', which means something else here"),
        ("dig", "'scratch' is 'scratch' here"),
    ]
    assert [(one.name, one.text) for one in other.definitions()] == [
        ("chase", "under 9 cm"),
        ("scratch", "hind paw at the ear"),
    ]
    other.forget("scratch")
    done = import_definitions(other, file, replace=True)
    assert done.added == ["chase", "ambush", "dig"]
    assert other.definition("chase").version == 2


def record(**facts) -> dict:
    return {"format": FORMAT, "version": 1, "definitions": [{"name": "dig", "text": "x", **facts}]}


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("no json", "no JSON"),
        ("[" * 100_000, "no JSON"),
        ("{}", "holds no definitions"),
        (json.dumps(record() | {"version": 2}), "another version"),
        (json.dumps(record() | {"definitions": [3]}), "definition 1 of .* is no object"),
        (json.dumps(record(text=3)), "wrong text"),
        (json.dumps(record(aliases="abc")), "wrong aliases"),
        (json.dumps(record(parameters=[])), "wrong name or parameters"),
        (json.dumps(record(depends_on=["gone"])), "'dig' needs 'gone'"),
        (json.dumps(record() | {"definitions": record()["definitions"] * 2}), "'dig' twice"),
    ],
)
def test_a_file_that_is_wrong_is_refused_and_nothing_is_kept(memory, tmp_path, content, says):
    file = tmp_path / "d.json"
    file.write_text(content)
    with pytest.raises(QueryError, match=says):
        import_definitions(memory, file)
    assert names(memory) == []
