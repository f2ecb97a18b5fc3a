"""Copies that browsers play: the same frames at the same times, used by the player, tidied away."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from film import draw, positions, write_video
from starlette.applications import Starlette
from starlette.testclient import TestClient
from typer.testing import CliRunner

from app import library, workplace
from app.cli import app as command_line
from app.errors import AppError
from app.jobs import processes as jobs
from app.jobs import proxy
from app.jobs.progress import Progress
from app.jobs.proxy_files import proxy_of
from app.server.routes import data_routes
from app.workplace import Workplace
from storage.study import open_study
from tracking.video import probe, read_frames

KINDS = {
    "mjpeg.avi": ("mjpeg", "yuvj422p", Fraction(30000, 1001), (321, 241)),
    "mpeg4.mkv": ("mpeg4", "yuv420p", Fraction(25), (160, 120)),
    "film.mpg": ("mpeg2video", "yuv420p", Fraction(25), (160, 120)),
    "raw.mov": ("png", "rgb24", Fraction(15), (99, 77)),
    "film.mkv": ("libx264", "yuv420p", Fraction(60000, 1001), (160, 120)),
}


def encode(path: Path, codec: str, pixels: str, fps: Fraction, size: tuple[int, int]) -> Path:
    """A film whose animals circle, in a codec of old cameras."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=fps)
        stream.width, stream.height, stream.pix_fmt = *size, pixels
        if codec == "mjpeg":
            stream.codec_context.qmin = stream.codec_context.qmax = 3
        for index, places in enumerate(positions(40, 2, *size)):
            picture = av.VideoFrame.from_ndarray(draw(places, *size), format="gray")
            picture = picture.reformat(format=pixels)
            picture.pts, picture.time_base = index, 1 / fps
            container.mux(stream.encode(picture))
        container.mux(stream.encode(None))
    return path


def check_plays(made: Path, film: Path) -> None:
    """The copy is what browsers like, and every frame is the film's, at its time."""
    info, was = probe(made), probe(film)
    assert info.browser_playable and info.pixel_format == "yuv420p"
    assert info.n_frames == was.n_frames
    np.testing.assert_allclose(info.time_s, was.time_s, atol=1e-6, rtol=0)
    assert info.width == was.width + was.width % 2 and info.height == was.height + was.height % 2
    assert np.diff([*info.keyframes, info.n_frames]).max() <= 30
    with av.open(str(made)) as container:
        packets = [packet for packet in container.demux(video=0) if packet.pts is not None]
        assert all(packet.pts == packet.dts for packet in packets)  # nothing is stored out of order
    text = made.read_bytes()
    assert text.index(b"moov") < text.index(b"mdat")
    for one, other in zip(read_frames(info), read_frames(was), strict=True):
        cut = one.rgb()[: was.height, : was.width].astype(int)
        assert np.abs(cut - other.rgb()).mean() < 4


@pytest.mark.parametrize("name", KINDS)
def test_a_copy_has_the_films_frames_and_times(tmp_path: Path, name: str) -> None:
    film = encode(tmp_path / name, *KINDS[name])
    video = library.add(tmp_path / "study", film)
    assert not video.browser_playable
    seen: list[Progress] = []
    made = proxy.make_proxy(tmp_path / "study", video.video_id, seen.append)
    assert made == tmp_path / "study" / "proxies" / f"{video.content_hash}.mp4"
    assert (seen[-1].stage, seen[-1].done, seen[-1].total) == ("proxy", 40, 40)
    check_plays(made, film)


def test_uneven_times_are_kept_to_the_tick(tmp_path: Path) -> None:
    steps = np.random.default_rng(5).integers(7, 90, 99)
    times = [0, *np.cumsum(steps).tolist()]
    film = write_video(tmp_path / "uneven.mkv", 100, times=times)
    video = library.add(tmp_path / "study", film)
    assert video.variable_rate and not video.browser_playable
    made = proxy.make_proxy(tmp_path / "study", video.video_id)
    check_plays(made, film)
    np.testing.assert_allclose(probe(made).time_s * 1000, times, atol=1e-6)


def test_a_copy_that_is_not_exact_is_not_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    film = encode(tmp_path / "a.mkv", *KINDS["mpeg4.mkv"])
    video = library.add(tmp_path / "study", film)
    monkeypatch.setattr(proxy, "_time_base", lambda info: Fraction(1, 7))
    with pytest.raises(AppError, match=r"of a\.mkv for the browser"):
        proxy.make_proxy(tmp_path / "study", video.video_id)
    assert list((tmp_path / "study" / "proxies").glob("*.mp4")) == []


def test_the_player_gets_the_copy_even_when_the_film_is_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study, film = tmp_path / "study", encode(tmp_path / "a.mkv", *KINDS["mpeg4.mkv"])
    video = library.add(study, film)
    monkeypatch.setattr(workplace, "_current", Workplace.of(study))
    client = TestClient(Starlette(routes=data_routes()))
    assert client.get("/data/videos/1/file").content == film.read_bytes()
    assert library.player_facts(study, 1)["playable"] is False
    said = CliRunner().invoke(command_line, ["proxy", "-s", str(study)])
    assert said.exit_code == 0
    assert "a.mkv: " in said.output
    made = proxy_of(study, video.content_hash)
    assert made is not None
    assert library.player_facts(study, 1)["playable"] is True
    film.unlink()
    answer = client.get("/data/videos/1/file", headers={"Range": "bytes=0-9"})
    assert (answer.status_code, answer.headers["content-type"]) == (206, "video/mp4")
    assert answer.content == made.read_bytes()[:10]


def test_copies_of_films_that_left_the_study_are_deleted(tmp_path: Path) -> None:
    video = library.add(tmp_path / "study", encode(tmp_path / "a.mkv", *KINDS["mpeg4.mkv"]))
    made = proxy.make_proxy(tmp_path / "study", video.video_id)
    stale = made.with_name("0" * 32 + ".mp4")
    stale.write_bytes(b"old")
    assert proxy.tidy_proxies(tmp_path / "study") == [stale]
    assert made.is_file()
    with open_study(tmp_path / "study", write=True) as study:
        study.rows("UPDATE videos SET content_hash = 'other'")
    assert proxy.tidy_proxies(tmp_path / "study") == [made]


def test_a_copy_is_a_job_of_its_own_that_can_be_cancelled(tmp_path: Path) -> None:
    import time

    film = write_video(tmp_path / "long.mkv", 2000)
    video = library.add(tmp_path / "study", film)
    job = jobs.start_proxy_job(tmp_path / "study", video.path, video.name)
    assert (job.kind, job.active) == ("proxy", True)
    assert jobs.start_proxy_job(tmp_path / "study", video.path, video.name).job_id == job.job_id
    assert jobs.latest_job(tmp_path / "study", video.path) is None  # no tracking job

    def now() -> jobs.Job:
        found = jobs.latest_job(tmp_path / "study", video.path, "proxy")
        assert found is not None
        return found

    end = time.monotonic() + 30
    while now().done < 10 and time.monotonic() < end:
        time.sleep(0.05)
    jobs.cancel_job(tmp_path / "study", job.job_id)
    while now().active and time.monotonic() < end:
        time.sleep(0.05)
    assert now().state == "cancelled"
    assert list((tmp_path / "study" / "proxies").glob("*.mp4")) == []
    assert list((tmp_path / "study" / "proxies").glob(".*.mp4")) == []
