"""What people say when they define something, and what they say when they do not."""

import pytest
from benchmarks.memory_recall import concepts, distractors

from llm_query.remembering.spoken_definitions import Spoken, read_definition


@pytest.mark.parametrize(
    ("said", "name", "text"),
    [
        ("Define <|chase|> as both run, under 5 cm.", "chase", "both run, under 5 cm"),
        ('define "dart" as a behavior where speed is above 20', "dart", "speed is above 20"),
        ("Redefine far away: nobody within 9 cm", "far away", "nobody within 9 cm"),
        ("Let's define open arm as ROI0 and ROI1", "open arm", "ROI0 and ROI1"),
        ("The <|open arm|> is the ROI0.", "open arm", "the ROI0"),
        ("By run-up I mean: the 3 s before.", "run-up", "the 3 s before"),
        ("From now on, dart means speed > 20 and turn < 5", "dart", "speed > 20 and turn < 5"),
        ("let dart mean speed above 20", "dart", "speed above 20"),
        ("If both sit still, then the behavior is peace.", "peace", "both sit still"),
        ("We call it a dart when speed exceeds 20.5 cm/s", "dart", "speed exceeds 20.5 cm/s"),
        (
            "Define watch as head angle less than 15. The window is 0.5 s.",
            "watch",
            "head angle less than 15. The window is 0.5 s",
        ),
    ],
)
def test_a_definition_is_read(said, name, text):
    assert read_definition(said) == Spoken(name, text)


@pytest.mark.parametrize(
    ("said", "question"),
    [
        ("Define dart as speed above 20. How often?", "How often?"),
        ("The <|dart|> is speed above 20. Count the darts in ROI0.", "Count the darts in ROI0."),
        ("Define dart as speed above 20, count the bouts", "count the bouts"),
        ("define dart as speed above 20, and how many are there?", "and how many are there?"),
    ],
)
def test_a_question_behind_a_definition_is_kept_apart(said, question):
    assert read_definition(said) == Spoken("dart", "speed above 20", question)


@pytest.mark.parametrize(
    "ending",
    [
        ". It is also called sprint.", ", also known as sprint", ", alias sprint.",
        '; another word for it is "sprint"',
    ],
)  # fmt: skip
def test_another_name_is_read(ending):
    spoken = read_definition(f"Define dart as speed above 20{ending}")
    assert spoken == Spoken("dart", "speed above 20", "", ("sprint",))


@pytest.mark.parametrize(
    "said",
    [
        "", "?", "define", "define dart", "What is <|dart|>?", "what does dart mean?",
        "The mean speed of mouse1", "plot mean speed", "Is mouse1 in the corner?",
        "When I define dart as x, how often is it?", "by how much do we mean to change it?",
        "It means nothing", "What means are there?",
    ],
)  # fmt: skip
def test_a_question_that_defines_nothing_is_none(said):
    assert read_definition(said) is None


def test_ordinary_questions_and_descriptions_define_nothing():
    described = [said for one in concepts() for _, said in one.descriptions]
    assert [said for said in (*described, *distractors()) if read_definition(said)] == []
