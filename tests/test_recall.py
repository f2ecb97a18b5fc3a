"""A question recalls what it needs, no older meaning, and seldom anything else."""

import pytest

from llm_query.memory import window
from llm_query.remembering.definitions import Definition, Turn, estimate_tokens, terms
from llm_query.remembering.inflections import bases, same_word
from llm_query.remembering.recall import (
    chain,
    find_name,
    latest,
    mentioned,
    needed_by,
    recall,
    unknown_symbols,
)

CHASE = Definition("chase", ("pursuit",), "both run and are less than 40 px apart")
HUDDLE = Definition("huddle", ("pile",), "bodies touch while slower than 2 cm/s")
OPEN_ARM = Definition("open arm", (), "ROI0 without the middle")
ARM = Definition("arm", (), "any of the four ROIs")
DIPS = Definition("head dips", (), "the head midpoint is outside of the maze")
AMBUSH = Definition("ambush", (), "waits behind the shelter, then a chase", depends_on=("chase",))
TRAP = Definition("trap", (), "an ambush in a dead end", depends_on=("ambush",))
EVERYTHING = [TRAP, AMBUSH, CHASE, HUDDLE, OPEN_ARM, ARM, DIPS]


def names(question: str, definitions=EVERYTHING, limit_tokens: int = 1000, turns=()) -> list[str]:
    return [one.name for one in recall(question, definitions, limit_tokens, turns)]


@pytest.mark.parametrize(
    ("question", "found"),
    [
        ("How long do they <|chase|>?", ["chase"]),
        ("How often does the resident chase?", ["chase"]),
        ("how often did the chases start in the corner?", ["chase"]),
        ("was mouse1 chased by mouse2?", ["chase"]),
        ("CHASING in the last minute", ["chase"]),
        ("huddles, then huddling, then huddled", ["huddle"]),
        ("every pursuit of mouse2", ["chase"]),
        ("mouse2's pursuits", ["chase"]),
        ("time in the open arms", ["open arm"]),
        ("time in the open_arm", ["open arm"]),
        ("time in openArm", ["open arm"]),
        ("the arm that is open", ["open arm"]),
        ("the arm with the food", ["arm"]),
        ("count head_dips", ["head dips"]),
        ("number of headdips", ["head dips"]),
        ("how often is a head dip seen in the open arm?", ["head dips", "open arm"]),
        ("do chases end in huddles?", ["chase", "huddle"]),
    ],
)
def test_a_definition_is_found_by_symbol_name_inflection_and_alias(question, found):
    assert names(question) == found


@pytest.mark.parametrize(
    ("name", "question"),
    [
        ("run", "how often did it run, and when it ran, was it running?"),
        ("freeze", "was it frozen?"),
        ("sit", "how long has it sat there?"),
        ("lie", "is it lying down?"),
        ("bite", "which one was bitten?"),
        ("fight", "who fought?"),
        ("rear", "number of rearings"),
        ("sniffing", "how often does it sniff?"),
        ("visits", "how long was the visit to the spout?"),
        ("run after", "mouse1 ran after mouse2"),
        ("wall hugging", "when does it hug the wall?"),
        ("approach", "how often is she approached?"),
        ("carry", "it carries the cotton"),
        ("wild mouse", "speed of the wild mice"),
    ],
)
def test_inflections_and_irregular_forms_are_found(name, question):
    assert names(question, [Definition(name, (), "xyzzy")]) == [name]


@pytest.mark.parametrize(
    ("name", "question"),
    [
        ("cornered", "how long is mouse1 in the corner?"),
        ("rat", "at what rate does it turn?"),
        ("star", "is it staring?"),
        ("hop", "the hoped for effect"),
        ("close", "time in the closed arm"),
        ("leave", "is it to the left of object 6?"),
        ("chase", "plot the trajectory and colour it by time"),
        ("chase", "When is speed < 3 and distance > 40?"),
        ("chase", "How far apart are the two?"),
        ("head dips", "where is the head?"),
        ("speed < 3", "when is speed above 5?"),
    ],
)
def test_other_words_are_not_taken_for_a_name(name, question):
    assert names(question, [Definition(name, (), "xyzzy")]) == []


@pytest.mark.parametrize(
    ("question", "symbols"),
    [
        ("When is speed < 3 and distance > 40?", []),
        ("When is speed <3 and distance> 40?", []),
        ("When is a <|b|> c?", ["b"]),
        ("Time in <|open arm|> and <| far zone |>", ["far zone"]),
        ("<|chases|>", []),
        ("x <| y", []),
    ],
)
def test_only_what_is_marked_is_a_symbol(question, symbols):
    assert unknown_symbols(question, EVERYTHING) == symbols


def test_dependencies_come_before_what_needs_them():
    assert names("how often is there a trap?") == ["chase", "ambush", "trap"]
    assert names("do traps and chases differ?") == ["chase", "ambush", "trap"]
    assert [one.name for one in needed_by("chase", EVERYTHING)] == ["trap", "ambush"]


def test_a_definition_that_does_not_fit_with_its_needs_is_left_out_whole():
    cost = sum(estimate_tokens(one.as_prompt()) + 1 for one in (CHASE, AMBUSH, TRAP))
    assert names("trap, huddle", limit_tokens=cost) == ["chase", "ambush", "trap"]
    assert names("trap, huddle", limit_tokens=cost - 1) == ["huddle"]
    assert names("trap", limit_tokens=0) == []


def test_circles_and_missing_dependencies_do_no_harm():
    one = Definition("one", (), "x", depends_on=("other", "gone"))
    other = Definition("other", (), "y", depends_on=("one",))
    assert [each.name for each in chain(one, [one, other])] == ["other", "one"]


def test_only_the_latest_version_is_recalled():
    versions = [Definition("chase", (), f"under {k} px", version=k) for k in (1, 3, 2)]
    assert [one.text for one in recall("chases?", versions, 100)] == ["under 3 px"]
    assert [one.version for one in latest(versions)] == [3]


def test_a_description_finds_what_it_means():
    assert names("When do their bodies touch while both are slow?") == ["huddle"]
    assert names("Is the midpoint of the head ever outside the maze?") == ["head dips"]
    nest = Definition("nest building", (), "pushing cotton together in the home corner")
    assert names("How long does it shove cotton around at home?", [nest]) == ["nest building"]
    rest = Definition("torpor", (), "motionless for a minute")
    assert names("How long was it immobile?", [rest]) == ["torpor"]  # a synonym


@pytest.mark.parametrize(
    "question",
    [
        "What is the mean speed of animal1 in the first minute?",
        "plot the trajectory of mouse2",
        "latency to enter the shelter",
        "maximum distance between the two",
        "",
        "???",
        "3 < 4",
    ],
)
def test_ordinary_questions_recall_nothing(question):
    assert names(question) == []


def test_a_question_that_goes_on_keeps_the_definitions_of_the_last_turn():
    turns = [Turn("how often do they chase?", definitions=(("chase", 1),))]
    assert names("and in the second half?", turns=turns) == ["chase"]
    assert names("Plot the speed of mouse1", turns=turns) == []
    assert names("and how often do they huddle?", turns=turns) == ["huddle"]


def test_equal_questions_recall_equal_definitions_whatever_the_time():
    question = "do chases end in huddles of bodies that touch?"
    assert [names(question) for _ in range(3)] == [names(question)] * 3


def test_a_name_is_found_before_an_alias_and_an_alias_before_an_inflection():
    pair = [Definition("x", ("dart",)), Definition("dart"), Definition("darts", ("y",))]
    assert find_name("dart", pair) is pair[1]
    assert find_name("darts", pair) is pair[2]
    assert find_name("Dart", pair[:1]) is pair[0]
    assert find_name("nothing like it", pair) is None


def test_names_in_a_text_are_the_longest_ones():
    assert [one.name for one in mentioned("the open arm, and each arm", EVERYTHING)] == [
        "open arm",
        "arm",
    ]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("chases", "chasing", True),
        ("stopped", "stop", True),
        ("flies", "fly", True),
        ("tries", "try", True),
        ("mice", "mouse", True),
        ("indices", "index", True),
        ("boxes", "box", True),
        ("sites", "sit", False),
        ("rats", "rates", False),
        ("string", "str", False),
        ("species", "specie", False),
        ("thigmotaxis", "thigmotaxi", False),
    ],
)
def test_words_are_the_same_only_when_one_is_the_other_inflected(one, other, same):
    assert same_word(one, other) is same
    assert one in bases(one)


def test_terms_split_names_as_programs_write_them():
    assert terms("openArm open_arm open-arm OPEN ARM") == ["open", "arm"] * 4
    assert terms("the mouse’s Größe") == ["the", "mouse", "grösse"]


def test_the_window_holds_the_last_turns_that_fit():
    turns = [Turn(f"What is the speed of animal{k}?", "4 cm/s") for k in range(50)]
    cost = estimate_tokens(turns[0].as_prompt()) + 1
    assert window(turns, 3 * cost) == turns[-3:]
    assert window(turns, 3 * cost - 1) == turns[-2:]
    assert window(turns, 0) == [] == window([], 100)


def test_the_window_leaves_out_turns_that_used_another_meaning_or_a_forgotten_name():
    now = [
        Definition("chase", ("hunt",), "new", version=3, meaning_since=2),
        Definition("huddle", (), "as ever", version=1, meaning_since=1),
    ]
    turns = [
        Turn("a", definitions=(("chase", 1),)),
        Turn("b", definitions=(("hunt", 2), ("huddle", 1))),
        Turn("c", definitions=(("forgotten", 1),)),
        Turn("d", definitions=(("shipped with the program", 0),)),
        Turn("e", definitions=(("chase", 3),)),
    ]
    assert [one.question for one in window(turns, 1000, now)] == ["b", "d", "e"]
    assert [one.question for one in window(turns, 1000)] == list("abcde")


def test_tokens_are_estimated_by_words_numbers_and_signs():
    assert estimate_tokens("") == 0
    assert estimate_tokens("How long?") == 3
    assert estimate_tokens("acceleration") == 3
    assert estimate_tokens("12345") == 2
    assert estimate_tokens("多い") == 2
    code = "def analyse(recording):\n    return speed(recording, 'mouse1')\n"
    assert 14 <= estimate_tokens(code) <= 30
