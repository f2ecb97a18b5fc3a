"""What a person says about videos and animals: group, sex, cage, dose, in columns of any name."""

from collections.abc import Sequence

import pandas as pd
import pyarrow as pa

from storage.errors import StudyError
from storage.study import Study
from storage.videos import animal_names, find_video, videos

KEYS = ("video", "animal")


def save_metadata(study: Study, table: pd.DataFrame) -> int:
    """Keep a table with the columns video, perhaps animal, and any others; return its facts.

    A row without an animal is about the video and everybody in it. The table replaces what was
    known in its columns about its videos and animals; an empty cell leaves nothing. Videos and
    animals that the study has not are all named, and nothing is kept then.
    """
    columns = _columns(table)
    facts = _facts(_with_ids(study, table), columns)
    study.connection.register("new_metadata", facts)
    study.rows(
        "DELETE FROM metadata m USING new_metadata n WHERE m.video_id = n.video_id "
        "AND m.animal IS NOT DISTINCT FROM n.animal AND m.name = n.name"
    )
    study.rows("INSERT INTO metadata SELECT * FROM new_metadata WHERE value IS NOT NULL")
    study.connection.unregister("new_metadata")
    return len(facts) - facts["value"].null_count


def read_metadata(study: Study) -> pd.DataFrame:
    """Everything as one wide table: video, animal (missing: the video), then a column per name.

    The rows are in the order of videos and animals, the columns in that of the alphabet; all values
    are text, as they were given. A table without facts has no row.
    """
    facts = study.arrow(
        "SELECT v.name AS video, m.animal, m.name, m.value FROM metadata m JOIN videos v "
        "USING (video_id) ORDER BY video_id, animal NULLS FIRST, m.name"
    )
    table = facts.to_pandas()
    order = study.rows("SELECT DISTINCT name FROM metadata ORDER BY name")
    return _wide(table, [name for (name,) in order])


def animal_metadata(study: Study) -> pd.DataFrame:
    """What is known about every animal: its own value, or else that of its video.

    One row per animal of every video that has any (tracked, or named in its bouts or metadata),
    with the columns video, animal and one per name.
    """
    wide = read_metadata(study)
    names = [name for name in wide.columns if name not in KEYS]
    known = {(row["video"], row["animal"]): row for row in wide.to_dict("records")}
    rows = []
    for video, animal in _everybody(study):
        own, shared = known.get((video, animal), {}), known.get((video, None), {})
        row = {name: own.get(name) or shared.get(name) for name in names}
        rows.append({"video": video, "animal": animal, **row})
    return pd.DataFrame(rows, columns=[*KEYS, *names], dtype=object)


def _everybody(study: Study) -> list[tuple[str, str]]:
    """(video, animal) of every animal that the study knows, in their order."""
    return [
        (str(video), str(animal))
        for video, animal, *_ in study.rows(
            "SELECT v.name, a.name, min(a.place) FROM videos v JOIN ("
            "  SELECT video_id, name, animal_id AS place FROM animals"
            "  UNION ALL SELECT video_id, subject, 1000000 FROM bouts"
            "  UNION ALL SELECT video_id, animal, 1000000 FROM metadata WHERE animal IS NOT NULL"
            ") a USING (video_id) GROUP BY v.video_id, v.name, a.name "
            "ORDER BY v.video_id, min(a.place), a.name"
        )
    ]


def _columns(table: pd.DataFrame) -> list[str]:
    """The names of the facts; the table must say of which videos, and something about them."""
    if "video" not in table.columns:
        given = ", ".join(map(str, table.columns)) or "nothing"
        raise StudyError(f"Metadata needs a column video; it has {given}.")
    columns = [str(name).strip() for name in table.columns if name not in KEYS]
    if not columns:
        raise StudyError("Metadata needs a column beside video and animal, such as group.")
    wrong = [name for name in columns if not name or name.startswith("Unnamed:")]
    if wrong:
        raise StudyError("A column of the metadata has no name: give it one.")
    if len(set(columns)) < len(columns):
        raise StudyError("Two columns of the metadata have the same name: rename one.")
    return columns


def _with_ids(study: Study, table: pd.DataFrame) -> pd.DataFrame:
    """The table with video_id and animal (None: the video); strangers are named, all at once."""
    table = table.rename(columns={name: str(name).strip() for name in table.columns})
    given = table["animal"] if "animal" in table.columns else [None] * len(table)
    table["animal"] = pd.Series([_text(who) for who in given], index=table.index, dtype=object)
    ids: dict[str, int] = {}
    strangers = []
    for name in dict.fromkeys(_text(video) for video in table["video"]):
        if name is None:
            raise StudyError("A row of the metadata names no video: fill the column video.")
        try:
            video = find_video(study, name)
        except StudyError:
            strangers.append(name)
            continue
        # 3 in somebody's table is the third of their own list, not of this study's.
        if str(video.video_id) == name != video.name:
            strangers.append(name)
        else:
            ids[name] = video.video_id
    if strangers:
        known = ", ".join(video.name for video in videos(study)) or "none yet"
        raise StudyError(
            f"The study has no video {', '.join(strangers)}; it has {known}. Correct the names; "
            "nothing was kept."
        )
    rows = table.assign(video_id=[ids[str(_text(video))] for video in table["video"]])
    _check_animals(study, rows)
    return rows


def _check_animals(study: Study, rows: pd.DataFrame) -> None:
    known = {
        video_id: {*animal_names(study, video_id).values(), *_scored(study, video_id)}
        for video_id in set(rows["video_id"].tolist())
    }
    strangers = [
        f"{row['animal']} in {row['video']}"
        for row in rows.to_dict("records")
        if row["animal"] is not None and row["animal"] not in known[row["video_id"]]
    ]
    if strangers:
        raise StudyError(
            f"The study has no animal {', '.join(strangers)}. Correct the names, or leave animal "
            "empty for what is true of the whole video; nothing was kept."
        )
    double = rows[rows.duplicated(["video_id", "animal"])]
    if len(double):
        row = double.iloc[0]
        who = row["video"] if row["animal"] is None else f"{row['animal']} in {row['video']}"
        raise StudyError(f"The metadata has two rows about {who}: keep one.")


def _scored(study: Study, video_id: int) -> list[str]:
    sql = "SELECT DISTINCT subject FROM bouts WHERE video_id = ?"
    return [name for (name,) in study.rows(sql, [video_id])]


def _facts(rows: pd.DataFrame, columns: Sequence[str]) -> pa.Table:
    """A row for every cell: video_id, animal, name, value (NULL for an empty cell)."""
    cells = [
        (int(row["video_id"]), row["animal"], name, _text(row[name]))
        for row in rows.to_dict("records")
        for name in columns
    ]
    types = {
        "video_id": pa.int32(), "animal": pa.string(), "name": pa.string(), "value": pa.string()
    }  # fmt: skip
    return pa.table(
        {
            name: pa.array([cell[k] for cell in cells], t)
            for k, (name, t) in enumerate(types.items())
        }
    )


def _text(value: object) -> str | None:
    if value is None or value != value:
        return None
    return str(value).strip() or None


def _wide(facts: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    rows: dict[tuple[str, str | None], dict[str, object]] = {}
    for video, animal, name, value in facts.itertuples(index=False):
        key = (str(video), _text(animal))
        rows.setdefault(key, {"video": key[0], "animal": key[1]})[str(name)] = value
    table = pd.DataFrame(list(rows.values()), columns=[*KEYS, *names], dtype=object)
    return table.where(table.notna(), None)


def metadata_table(study: Study) -> pa.Table:
    """`read_metadata` for writing: all columns are text."""
    table = read_metadata(study)
    return pa.table({name: pa.array(table[name].tolist(), pa.string()) for name in table.columns})
