"""Fragments, crossings and doubts as CSV: stable columns, names and corrections of now."""

import csv
from pathlib import Path

from test_doubts import make
from track_edit_scenes import edit, make_study
from typer.testing import CliRunner, Result

from app.cli import app


def exported(study: Path, what: str, *more: str) -> tuple[Result, list[dict[str, str]]]:
    file = study / f"{what}.csv"
    ended = CliRunner().invoke(app, ["export", what, "-s", str(study), "-o", str(file), *more])
    rows = list(csv.DictReader(file.open(encoding="utf-8"))) if file.exists() else []
    return ended, rows


def test_fragments_have_stable_columns(tmp_path: Path) -> None:
    ended, rows = exported(make(tmp_path / "s"), "fragments")
    assert ended.exit_code == 0 and "fragments.csv: 5 rows" in ended.stderr
    assert ",".join(rows[0]) == (
        "video,fragment,animal,start_frame,stop_frame,start_s,stop_s,duration_s,probability,"
        "appearance"
    )
    first, last = rows[0], rows[-1]
    assert (first["animal"], first["probability"], first["appearance"]) == ("animal1", "1.0", "")
    assert (last["start_frame"], last["stop_frame"], last["probability"]) == ("130", "300", "0.7")


def test_crossings_have_stable_columns(tmp_path: Path) -> None:
    ended, (row,) = exported(make(tmp_path / "s"), "crossings", "--video", "clip")
    assert ended.exit_code == 0
    assert ",".join(row) == (
        "video,crossing,kind,animals,start_frame,stop_frame,start_s,stop_s,duration_s,probability"
    )
    assert (row["kind"], row["animals"], row["probability"]) == (
        "contact",
        "animal1 + animal2",
        "0.7",
    )


def test_doubts_say_who_settled_them(tmp_path: Path) -> None:
    study = make(tmp_path / "s")
    edit(study, "tracks.rename", animal="animal1", name="Mickey")
    edit(study, "tracks.swap", a=1, b=2, start_frame=130, stop_frame=None, author="Grace")
    ended, (met, gap) = exported(study, "doubts")
    assert ended.exit_code == 0
    assert ",".join(met) == (
        "video,doubt,kind,animals,start_frame,stop_frame,start_s,stop_s,score,why,state,by,at_utc"
    )
    assert (met["state"], met["by"], gap["state"], gap["by"]) == ("corrected", "Grace", "open", "")
    assert met["why"] == "Mickey and animal2 lay together for 1.0 s; 70 % sure they left as said"


def test_seconds_are_written_as_people_write_them(tmp_path: Path) -> None:
    study = make(tmp_path / "s")
    for what in ("fragments", "crossings", "doubts"):
        _, rows = exported(study, what)
        seconds = [row[name] for row in rows for name in row if name.endswith("_s")]
        assert seconds and all(len(one.partition(".")[2]) <= 6 for one in seconds), seconds


def test_tracks_without_fragments_have_doubts_alone_and_say_so(tmp_path: Path) -> None:
    study = make_study(tmp_path / "s")
    assert exported(study, "doubts")[0].exit_code == 0
    ended, _ = exported(study, "fragments")
    assert ended.exit_code == 1 and "has fragments" in ended.stderr
    ended, _ = exported(study, "crossings", "--video", "clip")
    assert ended.exit_code == 1 and "Track the video again" in ended.stderr
    ended, _ = exported(study, "doubts", "--animal", "animal1")
    assert ended.exit_code == 1 and "Doubts are exported whole" in ended.stderr
