"""Files of other programs on the Videos page: told by content, asked about, kept, refused."""

from pathlib import Path

import pytest
from film import write_video
from streamlit.testing.v1 import AppTest
from test_videos_page import SHELL, said

from app import library, workplace
from app.importing.by_page import Asked, bring_in, known_files
from app.workplace import Workplace
from storage.bouts import read_bouts
from storage.study import open_study
from storage.tracks import read_tracks

DLC = ["scorer,net,net,net", "bodyparts,nose,nose,nose", "coords,x,y,likelihood",
       "0,10.0,20.0,0.9", "1,12.0,20.0,0.2", "2,14.0,20.0,0.9", "3,16.0,20.0,0.9"]  # fmt: skip


@pytest.fixture
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A study of one video of 4 frames at 25 frames/s, beside a DeepLabCut file of 4 frames."""
    folder = tmp_path / "study"
    library.add(folder, write_video(tmp_path / "cage 1.mp4", 4, size=(96, 72)))
    (tmp_path / "cage 1DLC_net.csv").write_text("\n".join(DLC) + "\n")
    monkeypatch.setattr(workplace, "_current", Workplace.of(folder))
    return folder


def panel(path: Path) -> AppTest:
    """The panel with a file of the server in it."""
    app = AppTest.from_file(str(SHELL), default_timeout=60).run()
    app.pills(key="videos_panel:True").set_value("Other programs' files").run()
    app.segmented_control(key="other_from").set_value("On the server").run()
    app.text_input(key="other_path0").set_value(str(path)).run()
    assert not app.exception
    return app


def labelled(app: AppTest, kind: str, label: str):  # type: ignore[no-untyped-def]
    return next(one for one in app.get(kind) if one.label == label)


def test_poses_become_the_tracks_of_the_video_that_their_name_begins_with(study) -> None:
    app = panel(study.parent / "cage 1DLC_net.csv")
    assert "positions from DeepLabCut" in said(app)
    assert labelled(app, "selectbox", "Video").value == "cage 1"
    labelled(app, "number_input", "Least confidence").set_value(0.5).run()
    app.button(key="other_start").click().run()
    told = said(app).replace("\\", "")
    assert "cage 1: 4 frames, animal1 with 1 body point, seen in 75.0% of all frames." in told
    with open_study(study) as opened:
        x_px = read_tracks(opened, 1).to_pandas().set_index("frame")["x_px"]
    assert x_px.dropna().to_dict() == {0: 10.0, 2: 14.0, 3: 16.0}


def test_what_is_missing_is_asked_for_by_the_name_of_its_field(study) -> None:
    app = panel(study.parent / "cage 1DLC_net.csv")
    labelled(app, "selectbox", "Video").select_index(0).run()
    app.button(key="other_start").click().run()
    assert "give 'Frames per second', or 'Video'" in said(app).replace("\\", "")
    labelled(app, "text_input", "Frames per second").set_value("50").run()
    app.button(key="other_start").click().run()
    assert [row.video.name for row in library.list_videos(study)] == ["cage 1", "cage 1DLC_net"]


def test_a_file_that_nobody_knows_and_a_place_that_is_not_shown_are_refused(study) -> None:
    notes = study.parent / "notes.txt"
    notes.write_text("Monday: two mice\n")
    words = said(panel(notes)).replace("\\", "")
    assert "text that begins with" in words and "--" not in words
    assert "outside the folders" in said(panel(Path("/etc/passwd"))).replace("\\", "")


def test_scored_bouts_go_to_the_chosen_video_and_are_replaced_only_when_asked(study) -> None:
    file = study.parent / "bouts.csv"
    for stop, force, kept in ((3, False, 3), (4, False, 3), (4, True, 4)):
        file.write_text(f"behaviour,subject,start_frame,stop_frame\nrearing,rat,1,{stop}\n")
        app = panel(file)
        labelled(app, "selectbox", "Video").select("cage 1").run()
        labelled(app, "text_input", "Scored by").set_value("Kim").run()
        if force:
            labelled(app, "checkbox", "Replace what is there").check().run()
        app.button(key="other_start").click().run()
        assert ("'Replace what is there' replaces" in said(app)) == (kept != stop)
        with open_study(study) as opened:
            assert read_bouts(opened, 1)["stop_frame"].tolist() == [kept]


def test_an_uploaded_recording_is_kept_in_the_study_and_a_refused_one_is_not(study) -> None:
    (source,) = known_files([study.parent / "cage 1DLC_net.csv"])
    with pytest.raises(Exception, match="frame rate"):
        bring_in(study, source, Asked(), keep=True)
    assert list((study / "imported").iterdir()) == []
    assert bring_in(study, source, Asked(fps="25"), keep=True) == [
        "cage 1DLC_net: 4 frames, animal1 with 1 body point, seen in 100.0% of all frames."
    ]
    (kept,) = (study / "imported").glob("*/*")
    assert kept == library.list_videos(study)[1].video.path
    assert "already" in bring_in(study, source, Asked(fps="25"), keep=True)[0]
    assert list((study / "imported").glob("*/*")) == [kept]
