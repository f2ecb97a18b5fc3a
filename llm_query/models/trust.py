"""Whether code may run: what a model wrote only where it is confined, or by the owner's word."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from llm_query.answers import OFFLINE, PERSON
from llm_query.confinement import confinement
from llm_query.errors import QueryError
from llm_query.models.model_settings import FILE, may_run_unconfined
from llm_query.planner_code import check_code
from llm_query.sandbox import self_test

WAY_OUT = {
    "a model": "Use --model offline",
    "a person": "Use only calls of the vocabulary, without import, loops and arithmetic on arrays",
}


def check_may_run(study_folder: Path | str, author: str = "a model") -> str:
    """Make sure that code which a model wrote may run on this machine; an error says why not.

    Gives what an answer says where it runs unconfined, by the owner's word; else "". author: who
    wrote it, as the error says it.

    Confinement is tried out once in every process, before the first such code.
    """
    how = confinement()
    why = _open_doors() if how.complete else how.why
    if not why:
        return ""
    if not may_run_unconfined(study_folder):
        raise QueryError(
            f"Code that {author} wrote does not run on this machine, because it could read your "
            f"files: {why}. {WAY_OUT[author]}; or, where you accept that, write "
            "run_unconfined_model_code = true under [analysis] in "
            f"{Path(study_folder) / FILE}."
        )
    return f"The code ran unconfined, as the study's owner allows: {why}."


def check_kept_code(code: str, model: str, study_folder: Path | str) -> str:
    """Make sure that a kept analysis may run: the planner's calls nothing but the vocabulary.

    Where nothing is confined the code itself is looked at, not only who is said to have made it.
    What a person typed is treated alike, but it is never run before confinement has been tried out.
    Gives what an answer says where the code runs unconfined; else "".
    """
    if model in (OFFLINE, PERSON):
        if model == OFFLINE and confinement().complete:
            return ""
        try:
            check_code(code)
        except (QueryError, SyntaxError):
            pass
        else:
            return ""
    return check_may_run(study_folder, "a person" if model == PERSON else "a model")


@cache
def _open_doors() -> str:
    """What confined code could still do here, found out by trying; "" when nothing."""
    found = self_test()
    return f"it can {', '.join(found)}" if found else ""
