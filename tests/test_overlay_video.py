"""Videos with everything drawn on them: true times, the right colours, whole or not at all."""

import time
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pandas as pd
import pytest
from film import positions, write_video
from storage_samples import mask_shard, run_of, track_shard
from typer.testing import CliRunner

from app import library
from app.cli import app
from app.errors import AppError
from app.figures.overlay_pen import rgb_of
from app.figures.overlay_scene import scene_of
from app.figures.overlay_video import Wish, draw_video
from app.jobs import export_job
from storage.bouts import save_bouts
from storage.regions import Region, save_region
from storage.runs import ingest_run
from storage.study import open_study
from tracking.video import probe

FRAMES, SIZE = 60, (320, 240)


def make(folder: Path, times: list[int] | None = None, size: tuple[int, int] = SIZE) -> Path:
    """A tracked film of two circling animals; `times` in ms make its rate vary."""
    film = write_video(
        folder / "clip.mp4", FRAMES, fps=Fraction(30000, 1001), times=times, size=size
    )
    study = folder / "study"
    video = library.add(study, film)
    places = positions(FRAMES, 2, *size)
    x, y = places[:, :, 0].copy(), places[:, :, 1].copy()
    x[20:30, 1] = y[20:30, 1] = np.nan
    time_s = library.times_of(study, video.video_id)
    tracks, masks = folder / "t.parquet", folder / "m.parquet"
    track_shard(tracks, x, y, time_s)
    mask_shard(masks, x, y)
    with open_study(study, write=True) as opened:
        ingest_run(opened, video.video_id, run_of("run", 2), [tracks], [masks], [])
        save_region(opened, video.video_id, Region("röd #1", "circle", points=((80, 60), (90, 60))))
        bouts = pd.DataFrame({"subject": ["animal1"], "start_frame": [5], "stop_frame": [15]})
        save_bouts(opened, video.video_id, bouts, behaviour="turning")
    return study


def pictures(path: Path) -> list[np.ndarray]:
    with av.open(str(path)) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


def test_frames_and_their_uneven_times_are_kept(tmp_path: Path) -> None:
    times = np.cumsum([33, 33, 70, 21] * (FRAMES // 4)).tolist()
    study = make(tmp_path, times)
    made = tmp_path / "drawn.mp4"
    assert draw_video(study, Wish("clip"), made) == FRAMES
    film, drawn = probe(tmp_path / "clip.mp4"), probe(made)
    assert film.variable_rate
    assert drawn.n_frames == FRAMES
    assert np.abs(drawn.time_s - film.time_s).max() < 1e-6


def test_a_part_starts_at_its_first_frame_and_keeps_the_intervals(tmp_path: Path) -> None:
    study = make(tmp_path)
    made = tmp_path / "part.mp4"
    assert draw_video(study, Wish("clip", start_s=0.5, stop_s=1.0), made) == 15
    film, drawn = probe(tmp_path / "clip.mp4"), probe(made)
    inside = film.time_s[(film.time_s >= 0.5) & (film.time_s < 1.0)]
    assert drawn.time_s == pytest.approx(inside - inside[0], abs=1e-6)
    with pytest.raises(AppError, match="no frame in that time"):
        draw_video(study, Wish("clip", start_s=50), made)


def test_every_animal_is_drawn_in_its_colour_where_it_is(tmp_path: Path) -> None:
    study = make(tmp_path)
    made = tmp_path / "drawn.mp4"
    draw_video(study, Wish("clip", names=False, behaviours=False, regions=False), made)
    film, drawn = pictures(tmp_path / "clip.mp4"), pictures(made)
    places = positions(FRAMES, 2, *SIZE)
    for animal, frame in ((0, 10), (1, 10), (0, 50), (1, 50)):
        x, y = np.rint(places[frame, animal]).astype(int)
        near = drawn[frame][y - 3 : y + 6, x - 3 : x + 6].reshape(-1, 3).astype(int)
        off = [np.abs(near - rgb_of(who)).sum(axis=1).min() for who in (0, 1)]
        assert np.argmin(off) == animal
        assert off[animal] < 160
        same = drawn[frame].astype(int) - film[frame]
        assert np.abs(same[:5]).max() < 40  # nothing is drawn where nobody is


def test_what_is_not_wanted_is_not_drawn(tmp_path: Path) -> None:
    study = make(tmp_path)
    made = tmp_path / "bare.mp4"
    nothing = dict.fromkeys(("masks", "trails", "names", "regions", "behaviours"), False)
    draw_video(study, Wish("clip", **nothing), made)
    bare = pictures(made)
    draw_video(study, Wish("clip"), made)
    full = pictures(made)
    place = (slice(45, 75), slice(65, 95))
    assert np.abs(full[0][place].astype(int) - bare[0][place]).max() > 60  # the region


def test_current_bouts_are_told_by_animal_and_only_then(tmp_path: Path) -> None:
    study = make(tmp_path)
    (row,) = library.list_videos(study)
    scene = scene_of(study, row.video)
    assert scene.doing(5) == {"animal1": ["turning"]} == scene.doing(14)
    assert scene.doing(4) == {} == scene.doing(15)
    assert scene_of(study, row.video, behaviour=("other",)).doing(5) == {}


def test_odd_sizes_become_even_and_names_of_any_alphabet_are_drawn(tmp_path: Path) -> None:
    study = make(tmp_path)
    film = write_video(tmp_path / "odd.mp4", 5, size=(322, 242))
    with av.open(str(tmp_path / "odd.mkv"), "w") as container:
        stream = container.add_stream("ffv1", rate=25)
        stream.width, stream.height, stream.pix_fmt = 321, 241, "yuv444p"
        for frame in pictures(film):
            picture = av.VideoFrame.from_ndarray(frame[:241, :321].copy(), format="rgb24")
            container.mux(stream.encode(picture.reformat(format="yuv444p")))
        container.mux(stream.encode(None))
    video = library.add(study, tmp_path / "odd.mkv")
    with open_study(study, write=True) as opened:
        place = Region("<b>å" * 30, "point", points=((10, 10),))
        save_region(opened, video.video_id, place)
    assert draw_video(study, Wish("odd"), tmp_path / "even.mp4") == 5
    drawn = probe(tmp_path / "even.mp4")
    assert (drawn.width, drawn.height) == (322, 242)


def test_an_interrupted_drawing_leaves_nothing_behind(tmp_path: Path) -> None:
    study = make(tmp_path)
    before = sorted(path.name for path in tmp_path.iterdir())

    def stop(progress: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        draw_video(study, Wish("clip"), tmp_path / "drawn.mp4", stop)
    assert sorted(path.name for path in tmp_path.iterdir()) == before


def test_the_film_itself_is_never_written_over(tmp_path: Path) -> None:
    study = make(tmp_path)
    with pytest.raises(AppError, match="the film itself"):
        draw_video(study, Wish("clip"), tmp_path / "clip.mp4")
    with pytest.raises(AppError, match="mp4, mov or mkv"):
        draw_video(study, Wish("clip"), tmp_path / "clip.gif")


def test_the_command_draws_a_part(tmp_path: Path) -> None:
    study = make(tmp_path)
    out = tmp_path / "o.mp4"
    command = ["export", "video", "-s", str(study), "--video", "clip", "-o", str(out)]
    ended = CliRunner().invoke(app, [*command, "--from", "1", "--no-masks"])
    assert ended.exit_code == 0, ended.output
    assert probe(out).n_frames == 30


def ended(study: Path, seconds: float = 60) -> export_job.Export:
    end = time.monotonic() + seconds
    while (one := export_job.exports(study)[0]).job.active:
        assert time.monotonic() < end, "it did not end"
        time.sleep(0.1)
    return one


@pytest.mark.slow
def test_a_job_draws_in_the_background_and_is_forgotten_with_its_film(tmp_path: Path) -> None:
    study = make(tmp_path)
    started = export_job.start_export(study, Wish("clip", stop_s=0.4))
    with pytest.raises(AppError, match="already"):
        export_job.start_export(study, Wish("clip"))
    one = ended(study)
    assert one.ready, one.job.message
    assert probe(one.file).n_frames == 12
    export_job.forget_export(study, started.job.job_id)
    assert export_job.exports(study) == []
    assert list((study / "exports").iterdir()) == []


@pytest.mark.slow
def test_a_cancelled_job_leaves_no_half_film(tmp_path: Path) -> None:
    times = (np.arange(FRAMES) * 33).tolist()
    study = make(tmp_path, times, size=(1280, 960))
    started = export_job.start_export(study, Wish("clip"))
    end = time.monotonic() + 60
    while not export_job.exports(study)[0].job.done:
        assert time.monotonic() < end, "it did not start"
        time.sleep(0.02)
    export_job.cancel_export(study, started.job.job_id)
    one = ended(study)
    if one.job.state == "cancelled":  # it may have been done by then
        assert [path.suffix for path in sorted((study / "exports").iterdir())] == [".json", ".log"]
    assert not list((study / "exports").glob(".*"))
