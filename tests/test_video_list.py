"""Lists of many videos, the words that find one, and metadata as a table and as CSV."""

import time
from fractions import Fraction
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from film import write_video
from storage_samples import Info
from streamlit.testing.v1 import AppTest

from app import library, workplace
from app.errors import AppError
from app.videos.video_list import as_table, check_line, matching, metadata_of
from app.videos.video_metadata import WHOLE, edited_table, import_csv, save_changes, with_column
from app.workplace import Workplace
from storage.errors import StudyError
from storage.metadata import read_metadata, save_metadata
from storage.study import open_study
from storage.videos import add_video

SHELL = Path(workplace.__file__).parent / "views" / "shell.py"
MANY = 200


def fill(study: Path, count: int) -> None:
    """A study of recordings whose films are elsewhere."""
    with open_study(study, create=True) as opened:
        add_video(opened, Info(Path("/films/cage000.mp4"), content_hash=f"{0:032x}"))
        opened.rows(  # one by one takes seconds
            "INSERT INTO videos SELECT * EXCLUDE n REPLACE "
            "(nextval('video_ids')::INTEGER AS video_id, "
            "format('cage{:03d}', n) AS name, format('/films/cage{:03d}.mp4', n) AS path, "
            "format('{:032x}', n) AS content_hash) FROM videos, range(1, ?) more(n) ORDER BY n",
            [count],
        )
        names = [f"cage{number:03}" for number in range(count)]
        groups = ["control" if number % 2 else "treated" for number in range(count)]
        save_metadata(opened, pd.DataFrame({"video": names, "group": groups}))


def test_a_page_of_two_hundred_videos_is_there_soon_and_can_be_filtered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = tmp_path / "study"
    fill(study, MANY)
    monkeypatch.setattr(workplace, "_current", Workplace.of(study))
    app = AppTest.from_file(str(SHELL), default_timeout=60).run()
    started = time.process_time()
    app.run()
    assert time.process_time() - started < 3
    assert not app.exception
    assert len(app.dataframe[0].value) == MANY
    app.text_input(key="videos_filter").set_value("group=control 01").run()
    found = app.dataframe[0].value["Video"].tolist()
    assert found == ["cage001", *[f"cage01{n}" for n in "13579"], "cage101"]
    assert "7 of 200 videos" in [caption.value for caption in app.caption]
    app.text_input(key="videos_filter").set_value("<b>nothing").run()
    assert r"No video has all of these words: \<b\>nothing" in app.info[0].value


def test_words_find_names_states_and_values(tmp_path: Path) -> None:
    study = tmp_path / "study"
    fill(study, 4)
    rows, facts = library.list_videos(study), metadata_of(study)

    def found(text: str) -> list[str]:
        return [row.video.name for row in matching(rows, facts, text)]

    assert found("") == ["cage000", "cage001", "cage002", "cage003"]
    assert found("CAGE002") == ["cage002"]
    assert found("control 3") == ["cage003"]
    assert found("group=control") == ["cage001", "cage003"]
    assert found("group=contr") == found("tracked control x") == []
    assert len(found("not tracked")) == len(found("file")) == 4
    table = as_table(rows, facts)
    assert table.columns.tolist()[-1] == "group"
    assert set(table["State"]) == {"not tracked, no file"}


def test_the_check_of_a_new_file_is_one_line(tmp_path: Path) -> None:
    study = tmp_path / "study"
    film = write_video(tmp_path / "a.mp4", 50, fps=Fraction(30000, 1001))
    line = check_line(study, library.add(study, film))
    assert line == (
        "h264 · 29.97 fps (steady) · 320 × 240 px · 50 frames · 0:02 · plays in the browser"
    )
    times = np.cumsum(np.random.default_rng(1).integers(5, 90, 40)).tolist()
    odd = write_video(tmp_path / "b.mkv", 40, times=times)
    line = check_line(study, library.add(study, odd))
    assert "frame rate varies" in line
    assert line.endswith("no browser plays it, a copy for the player is being made")


def test_only_cells_that_were_changed_are_saved(tmp_path: Path) -> None:
    study = tmp_path / "study"
    fill(study, 3)
    before = with_column(edited_table(study), "dose")
    assert before["animal"].tolist() == [WHOLE] * 3
    after = before.copy()
    after.loc[0, ["group", "dose"]] = ["", " 5 "]
    with open_study(study, write=True) as opened:  # somebody else, meanwhile
        save_metadata(opened, pd.DataFrame({"video": ["cage001"], "group": ["sham"]}))
    assert save_changes(study, before, after) == 2
    with open_study(study) as opened:
        table = read_metadata(opened)
    known = table.set_index("video")[["group", "dose"]].to_dict("index")
    assert known["cage000"] == {"group": None, "dose": "5"}
    assert known["cage001"] == {"group": "sham", "dose": None}
    for name in ("", " Group ", "video", "x" * 61, "a\nb"):
        with pytest.raises(AppError, match=r"another name|shorter"):
            with_column(before, name)


def test_csv_is_read_with_comma_or_semicolon_or_refused_in_one_line(tmp_path: Path) -> None:
    study = tmp_path / "study"
    fill(study, 2)
    said = import_csv(study, "a.csv", b"\xef\xbb\xbfvideo;sex;cage\ncage000;f;A, B\ncage001;m;\n")
    assert said == "a.csv: 3 values for 2 rows are stored."
    assert metadata_of(study)["cage000"] == {"group": "treated", "sex": "f", "cage": "A, B"}
    for data in (b"", b"\xff\xfe\x00", b'video,a\n"x', b"video,a\nstranger,1\n", b"a,b\n1,2\n"):
        with pytest.raises((AppError, StudyError)) as error:
            import_csv(study, "b.csv", data)
        assert "\n" not in str(error.value)
    with pytest.raises(AppError, match="larger than 5 MB"):
        import_csv(study, "c.csv", b"video,a\n" * 700_000)
