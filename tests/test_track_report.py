"""The report on a tracked video: one page with everything in it, also when there is little."""

import re
from dataclasses import fields
from html.parser import HTMLParser
from pathlib import Path

import pytest
from film import write_video
from terminal import here
from test_doubts import make
from track_edit_scenes import edit, make_study
from typer.testing import CliRunner

from app.cli import app
from app.errors import AppError
from app.figures.report_settings import MEANS
from app.figures.track_report import report_html, write_report
from app.jobs.tracking_job import track_video
from storage.study import open_study
from storage.videos import rename_animal, rename_video
from tracking.subtraction.background import BackgroundSettings

SECTIONS = ["Pictures", "Doubtful places", "Who is who", "Over time", "Animals", "Settings",
            "Times", "Where it comes from"]  # fmt: skip
NASTY = "<script>alert('1')</script> & \"b\""


class Page(HTMLParser):
    """The tags of a page, and its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep every tag with its attributes."""
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        """Keep all text."""
        self.text += data

    def named(self, tag: str) -> list[dict[str, str | None]]:
        """The attributes of every tag of one name."""
        return [attributes for one, attributes in self.tags if one == tag]


@pytest.fixture(scope="module")
def tracked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study with a film of two animals, one of which has a nasty name."""
    home = tmp_path_factory.mktemp("report")
    track_video(home / "s", write_video(home / "pair.mp4", n_frames=90), 2)
    with open_study(home / "s", write=True) as study:
        rename_animal(study, 1, 1, NASTY)
    return home / "s"


def test_a_page_has_every_section_and_loads_nothing(tracked: Path) -> None:
    text = report_html(tracked, "pair")
    page = Page(text)
    assert re.findall("<h2>(.*?)</h2>", text) == SECTIONS
    pictures = page.named("img")
    assert len(pictures) >= 5
    assert all((one["src"] or "").startswith("data:image/jpeg;base64,") for one in pictures)
    assert all(one["alt"] for one in pictures)
    assert not page.named("script") and not page.named("link") and "://" not in text
    assert page.named("meta")[1]["content"].startswith("default-src 'none'")
    assert len(text) < 3e6
    for words in ("chosen from the video", "--like", "background", "threshold", "finding animals",
                  "CPU time of all", "ethoscribe 0."):  # fmt: skip
        assert words in page.text


def test_names_are_text(tracked: Path) -> None:
    with open_study(tracked, write=True) as study:
        rename_video(study, 1, "<b>odd</b>")
    try:
        page = Page(report_html(tracked, 1))
        assert page.text.strip().startswith("<b>odd</b>: tracking report")
        assert not page.named("h1")[0] and NASTY in page.text and not page.named("script")
    finally:
        with open_study(tracked, write=True) as study:
            rename_video(study, 1, "pair")


def test_every_setting_is_explained() -> None:
    assert {one.name for one in fields(BackgroundSettings)} <= set(MEANS)


def test_a_report_tells_crossings_fragments_and_who_looked(tmp_path: Path) -> None:
    study = make(tmp_path / "s")
    page = Page(report_html(study, "clip"))
    assert "animal1 and animal2 lay together" in page.text and "70 % sure" in page.text.replace(
        "\xa0", " "
    )
    assert "Crossings (1)" in page.text and "70.0 %" in page.text
    assert "the film is not where the study expects it" in page.text
    assert "2doubtful places open, of 2" in page.text
    edit(study, "tracks.swap", a=1, b=2, start_frame=115, stop_frame=None, author="Grace")
    page = Page(report_html(study, "clip"))
    assert "corrected Grace" in page.text


def test_imported_tracks_say_what_is_not_known(tmp_path: Path) -> None:
    page = Page(report_html(make_study(tmp_path / "s"), "clip"))
    assert "came without fragments and crossings" in page.text
    assert "animal2" in page.text and "was not found for 21 frames" in page.text


def test_a_video_without_tracks_has_no_report(tmp_path: Path) -> None:
    from app import library

    library.add(tmp_path / "s", write_video(tmp_path / "pair.mp4", n_frames=10))
    with pytest.raises(AppError, match="not tracked yet"):
        report_html(tmp_path / "s", 1)


def test_a_report_appears_whole_where_it_is_wanted(tracked: Path, tmp_path: Path) -> None:
    with pytest.raises(AppError, match="is a folder"):
        write_report(tracked, 1, tmp_path)
    with pytest.raises(AppError, match="There is no folder"):
        write_report(tracked, 1, tmp_path / "no" / "r.html")
    made = write_report(tracked, 1, tmp_path / "r.html")
    assert made.read_text(encoding="utf-8").endswith("</html>\n")
    assert [one.name for one in tmp_path.iterdir()] == ["r.html"]


def test_the_command_writes_a_report_of_what_is_tracked_already(tracked: Path) -> None:
    film = tracked.parent / "pair.mp4"
    ended = here("track", film, "-s", tracked, "--animals", 2, "--report")
    file = tracked.resolve() / "reports" / "pair.html"
    assert ended.status == 0 and f"pair.mp4: report {file}" in ended.err and file.is_file()
    two = ["track", str(film), str(film), "-s", str(tracked), "--animals", "2"]
    ended = CliRunner().invoke(app, [*two, "--report-to", "x.html"])
    assert ended.exit_code == 2 and "several videos are given" in ended.output.replace("\n", " ")


@pytest.mark.parametrize("place", ["nowhere/page.html", "."])
def test_where_a_report_cannot_be_is_said_before_the_tracking(place: str, tmp_path: Path) -> None:
    video, target = tmp_path / "clip.mp4", tmp_path / place
    options = ["-s", str(tmp_path / "study"), "--animals", "1", "--report-to", str(target)]
    ended = CliRunner().invoke(app, ["track", str(video), *options])
    assert ended.exit_code == 1 and "folder" in ended.output, ended.output
    assert "clip.mp4" not in ended.output, "the video, which is not there, was not looked for"
