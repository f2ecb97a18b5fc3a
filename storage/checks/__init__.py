"""What may be wrong in a study's database, a finding each; nothing is changed here.

    examine_rows ─▶ orphans    rows whose video, run, edit or label revision is missing
                    tracking   runs: gaps, frames beyond the film, rows twice, times, NaN, masks
                    records    frame times, edit log, labels, networks' entries
    mend         ─▶ sets the rows of a finding aside in the study's folder repairs/, or fixes values

Files are looked at by app.keeping.checking, which knows films and hashes.
"""

from storage.checks.findings import Fault
from storage.checks.mending import mend, set_aside
from storage.checks.orphans import orphans
from storage.checks.records import records
from storage.checks.tracking import tracking
from storage.study import Study

__all__ = ["Fault", "examine_rows", "mend", "set_aside"]


def examine_rows(study: Study) -> list[Fault]:
    """Everything that is wrong in the database of a study."""
    return [*orphans(study), *tracking(study), *records(study)]
