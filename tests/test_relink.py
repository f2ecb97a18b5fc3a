"""Files that were moved or renamed are found by their content, and a replaced file is not taken."""

from pathlib import Path

import pytest
from film import write_video
from typer.testing import CliRunner

from app import library
from app.cli import app as command_line
from app.jobs.relink import Search, lost_videos, relink, where_is
from storage.study import open_study


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """A study of three videos in one folder."""
    films = tmp_path / "films"
    films.mkdir()
    for number in (1, 2, 3):
        film = write_video(films / f"cage{number}.mp4", 20 + number)
        library.add(tmp_path / "study", film)
    return tmp_path / "study"


def scatter(study: Path) -> Path:
    """Cage 1 is moved and renamed, cage 2 is gone, cage 3 is replaced and lies elsewhere."""
    films, archive = study.parent / "films", study.parent / "archive" / "2026" / "May"
    archive.mkdir(parents=True)
    (films / "cage1.mp4").rename(archive / "renamed.mp4")
    (films / "cage2.mp4").unlink()
    (films / "cage3.mp4").rename(archive / "cage3.mp4")
    write_video(films / "cage3.mp4", 50)
    return archive


def test_moved_and_renamed_files_are_found_by_content(study: Path) -> None:
    assert lost_videos(study) == []
    archive = scatter(study)
    lost = lost_videos(study)
    films = study.parent / "films"
    assert [where_is(video) for video in lost] == [
        f"There is no file {films / 'cage1.mp4'} any more.",
        f"There is no file {films / 'cage2.mp4'} any more.",
        f"Another film lies at {films / 'cage3.mp4'} now.",
    ]
    seen: list[Search] = []
    found = relink(study, [study.parent], seen.append)
    assert found.again == {"cage1": archive / "renamed.mp4", "cage3": archive / "cage3.mp4"}
    assert found.missing == ["cage2"]
    assert (seen[-1].wanted, seen[0].found) == (3, 0)
    assert [video.name for video in lost_videos(study)] == ["cage2"]
    assert library.video_file(study, 1) == archive / "renamed.mp4"
    assert library.video_file(study, 3) == archive / "cage3.mp4"


def test_a_file_of_the_same_size_and_name_but_other_content_is_not_taken(study: Path) -> None:
    film = study.parent / "films" / "cage1.mp4"
    data = bytearray(film.read_bytes())
    data[-1] ^= 255
    film.rename(study.parent / "hidden")
    (study.parent / "cage1.mp4").write_bytes(data)
    assert relink(study, [study.parent]).missing == ["cage1"]
    (study.parent / "hidden").rename(study.parent / "back.mp4")
    assert relink(study, [study.parent]).again == {"cage1": study.parent / "back.mp4"}
    assert lost_videos(study) == []


def test_links_and_hidden_folders_are_not_searched(study: Path) -> None:
    archive = scatter(study)
    (study.parent / "circle").symlink_to(study.parent)
    archive.parent.parent.rename(study.parent / ".trash")
    assert relink(study, [study.parent, study.parent / "films"]).again == {}


def test_another_study_is_not_searched(study: Path) -> None:
    archive = scatter(study)
    with open_study(archive, create=True):
        pass
    assert relink(study, [study.parent]).again == {}


def test_the_command_says_what_is_wrong_and_prints_what_it_found(study: Path) -> None:
    run = CliRunner()
    said = run.invoke(command_line, ["relink", "-s", str(study)])
    assert (said.exit_code, said.stdout) == (0, "")
    archive = scatter(study)
    said = run.invoke(command_line, ["relink", "-s", str(study), str(archive)])
    assert said.exit_code == 1
    found = [f"cage1,{archive / 'renamed.mp4'}", f"cage3,{archive / 'cage3.mp4'}"]
    assert said.stdout.splitlines() == ["video,path", *found]
    assert "Another film lies at" in said.stderr
    assert "Not found among 2 videos: cage2." in said.stderr
    said = run.invoke(command_line, ["relink", "-s", str(study), "/no/such/folder"])
    assert (said.exit_code, "No such folder" in said.stderr) == (1, True)
