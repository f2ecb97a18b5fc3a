"""Whether code may run: what a model wrote only where it is confined, or by the owner's word."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from llm_query.answers import OFFLINE
from llm_query.confinement import confinement
from llm_query.errors import QueryError
from llm_query.models.model_settings import FILE, may_run_unconfined
from llm_query.sandbox import check_code, self_test


def check_may_run(study_folder: Path | str) -> str:
    """Make sure that code which a model wrote may run on this machine; an error says why not.

    Gives what an answer says where it runs unconfined, by the owner's word; else "".

    Confinement is tried out once in every process, before the first such code.
    """
    how = confinement()
    why = _open_doors() if how.complete else how.why
    if not why:
        return ""
    if not may_run_unconfined(study_folder):
        raise QueryError(
            f"Code that a model wrote does not run on this machine, because it could read your "
            f"files: {why}. Use --model offline; or, where you accept that, write "
            "run_unconfined_model_code = true under [analysis] in "
            f"{Path(study_folder) / FILE}."
        )
    return f"The code ran unconfined, as the study's owner allows: {why}."


def check_kept_code(code: str, model: str, study_folder: Path | str) -> None:
    """Make sure that a kept analysis may run: the planner's calls nothing but the vocabulary.

    Where nothing is confined the code itself is looked at, not only who is said to have made it.
    """
    if model == OFFLINE:
        if confinement().complete:
            return
        try:
            check_code(code)
        except (QueryError, SyntaxError):
            pass
        else:
            return
    check_may_run(study_folder)


@cache
def _open_doors() -> str:
    """What confined code could still do here, found out by trying; "" when nothing."""
    found = self_test()
    return f"it can {', '.join(found)}" if found else ""
