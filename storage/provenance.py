"""Where a number comes from: which run, settings, versions, film, person, time and duration.

Tracks have their run. Bouts have an origin: the analysis, the import or the person they are of.
Regions, labels, edits and kept answers carry who made them, when, and by which version.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

from storage.authors import act_as, acting, program, versions, who
from storage.study import Study
from storage.videos import find_video

__all__ = [
    "act_as", "acting", "bout_facts", "imported_from", "new_origin", "program", "provenance_of",
    "run_facts", "scoring_origin", "versions", "who",
]  # fmt: skip
ANALYSIS, PERSON, IMPORT = "analysis", "person", "import"  # kinds of origins
_came_from: ContextVar[Mapping[str, Any] | None] = ContextVar("came_from", default=None)


@contextmanager
def imported_from(**settings: Any) -> Iterator[None]:
    """Bouts that are saved in this block come from a file: its name, its hash, how it was read."""
    before = _came_from.set(settings)
    try:
        yield
    finally:
        _came_from.reset(before)


def new_origin(
    study: Study, video_id: int, kind: str, settings: Mapping[str, Any], author: str | None = None,
    duration_s: float | None = None,
) -> int:  # fmt: skip
    """Note where bouts that are about to be saved come from, and return its number."""
    came_from = _came_from.get()
    if came_from is not None:
        kind, settings = IMPORT, {**settings, **came_from}
    run = study.rows("SELECT run_id FROM runs WHERE video_id = ? AND active", [video_id])
    row = [
        kind, video_id, run[0][0] if run else None, find_video(study, video_id).content_hash,
        json.dumps(dict(settings), ensure_ascii=False, default=str), json.dumps(versions()),
        who() if author is None else author, datetime.now(UTC).replace(tzinfo=None), duration_s,
    ]  # fmt: skip
    return study.rows(
        "INSERT INTO origins (kind, video_id, run_id, content_hash, settings, versions, author, "
        f"made_at, duration_s) VALUES ({', '.join('?' * len(row))}) RETURNING origin_id",
        row,
    )[0][0]


def scoring_origin(study: Study, video_id: int, author: str) -> int:
    """The origin of what a person scores in this video: one for each run and version."""
    found = study.rows(
        "SELECT max(origin_id) FROM origins WHERE kind = ? AND video_id = ? AND author = ? "
        "AND versions = ?::JSON AND run_id IS NOT DISTINCT FROM "
        "(SELECT run_id FROM runs WHERE video_id = ? AND active)",
        [PERSON, video_id, author, json.dumps(versions()), video_id],
    )[0][0]
    return found or new_origin(study, video_id, PERSON, {}, author)


def provenance_of(study: Study, video: int | str) -> dict[str, Any]:
    """All there is to know about the numbers of one video, as plain values.

    Keys video, run (None when it is not tracked), bouts (one entry per behaviour, watcher and
    origin), regions, and exported (who asks, when, by which version). None is for what nobody
    noted at that time.
    """
    about = find_video(study, video)
    key = about.video_id
    return {
        "video": {
            "name": about.name, "file": about.path.name, "content_hash": about.content_hash,
            "n_frames": about.n_frames, "fps": str(about.fps), "duration_s": about.duration_s,
            "px_per_cm": about.px_per_cm, "added_at": about.added_at.isoformat(),
        },
        "run": run_facts(study, video_id=key),
        "bouts": bout_facts(study, key),
        "regions": _records(
            study, "SELECT name, role, drawn_by, program, drawn_at FROM regions WHERE video_id = ? "
            "ORDER BY name", [key],
        ),
        "exported": {
            "program": program(), "by": who(),
            "at": datetime.now(UTC).isoformat(timespec="seconds"),
        },
    }  # fmt: skip


def run_facts(
    study: Study, run_id: str | None = None, video_id: int | None = None
) -> dict[str, Any] | None:
    """One run wholly, by its name or as the active one of a video; None when there is none.

    `seconds` is how long its stages took over all sessions, where they were timed, else from
    begin to end. `state` is active, withdrawn (restorable) or gone. `corrections` are those by
    hand that stand, and `edited_rows` how many rows of the active run's tracks they changed, by
    what was done.
    """
    found = _records(
        study,
        "SELECT run_id, v.name AS video, v.content_hash, r.video_hash, segmenter, "
        "n_animals, settings, versions, timings, share_detected, made_by, started_at, finished_at, "
        f"{STATE} AS state, withdrawn_at, withdrawn_by, replaced_by, purged_at, "
        f"(SELECT {STANDING} FROM edits e WHERE e.run_id = r.run_id AND e.scope = 'tracks' "
        "AND e.error IS NULL) AS corrections "
        "FROM runs r JOIN videos v USING (video_id) "
        "WHERE if($run IS NULL, r.active AND r.video_id = $video, r.run_id = $run)",
        {"run": run_id, "video": video_id},
    )
    if not found:
        return None
    facts = found[0] | {name: json.loads(found[0][name]) for name in ("settings", "versions")}
    timings = facts["timings"] = json.loads(facts["timings"])
    stages = [s for name, s in timings.items() if name.endswith("_s") and name != "cpu_s"]
    began, ended = (datetime.fromisoformat(facts[name]) for name in ("started_at", "finished_at"))
    facts["seconds"] = round(sum(stages) if stages else (ended - began).total_seconds(), 3)
    facts["edited_rows"] = {}
    if facts["corrections"] and facts["state"] == "active":
        facts["edited_rows"] = _edited_rows(study, facts["run_id"])
    return facts


def _edited_rows(study: Study, run_id: str) -> dict[str, int]:
    """Rows of a run's tracks that are not as tracking made them; swapped ones may be edited too."""
    here = (
        "FROM tracks SEMI JOIN animals USING (video_id, animal_id) WHERE run_id = $run "
        "AND video_id = (SELECT video_id FROM runs WHERE run_id = $run)"
    )
    return dict(
        study.rows(
            f"SELECT edited, count(*) {here} AND edited IS NOT NULL GROUP BY ALL UNION ALL "
            f"SELECT 'swapped', count(*) AS rows {here} AND raw_animal_id != animal_id "
            "HAVING rows > 0 ORDER BY ALL",
            {"run": run_id},
        )
    )


# How many edits of a log stand: every undo takes one back, and every redo makes it again.
STANDING = "greatest(count(*) FILTER (kind != 'undo') - count(*) FILTER (kind = 'undo'), 0)"
STATE = (
    "CASE WHEN r.active THEN 'active' WHEN r.withdrawn_at IS NULL OR r.purged_at IS NOT NULL "
    "THEN 'gone' ELSE 'withdrawn' END"
)


def bout_facts(study: Study, video_id: int) -> list[dict[str, Any]]:
    """Where the bouts of a video come from: a record per behaviour, watcher and origin."""
    found = _records(
        study,
        "SELECT behaviour, b.source, annotator, any_value(definition) AS definition, count(*) AS "
        "bouts, o.kind, o.run_id, a.name AS analysis, a.version, a.question, o.content_hash, "
        "o.settings, o.versions, o.author, o.made_at, o.duration_s "
        "FROM bouts b LEFT JOIN origins o USING (origin_id) "
        "LEFT JOIN analyses a USING (analysis_id) WHERE b.video_id = ? "
        "GROUP BY ALL ORDER BY behaviour, b.source, annotator, o.made_at",
        [video_id],
    )
    for one in found:
        for name in ("settings", "versions"):
            one[name] = json.loads(one[name]) if one[name] else None
    return found


def _records(study: Study, sql: str, parameters: Any) -> list[dict[str, Any]]:
    """The rows as plain records: times as ISO texts in UTC, all else as it is."""
    result = study.connection.execute(sql, parameters)
    names = [column[0] for column in result.description or ()]
    return [
        {
            name: value.replace(tzinfo=UTC).isoformat() if isinstance(value, datetime) else value
            for name, value in zip(names, row, strict=True)
        }
        for row in result.fetchall()
    ]
