"""Training in a study: real films, a real network of random weights, real processes."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
from film import draw, positions, write_video
from required import required

required("torch")
required("ultralytics")

from app import library  # noqa: E402
from app.errors import AppError  # noqa: E402
from app.training import economy, jobs, training_job  # noqa: E402
from app.training.place import Place, interrupted  # noqa: E402
from app.training.rounds import rounds  # noqa: E402
from app.training.train_report import report_file, write_report  # noqa: E402
from app.training.training_job import Ask, TrainSummary, train_network  # noqa: E402
from storage.edit_labels import save_labels  # noqa: E402
from storage.labels import label_of  # noqa: E402
from storage.networks import networks  # noqa: E402
from storage.study import open_study  # noqa: E402
from tracking.networks.samples import Sample, place  # noqa: E402
from tracking.networks.teaching import training  # noqa: E402
from tracking.networks.teaching.plans import TrainingSettings  # noqa: E402

SIZE = (320, 240)
FRAMES = tuple(range(0, 120, 10))  # twelve labelled frames, ten apart
TINY = TrainingSettings(
    image_px=96, minutes=None, epochs=2, pictures=12, batch=4, device="cpu", threads=1
)
HOME = Path(__file__).resolve().parents[2]


def labelled_study(folder: Path, frames: tuple[int, ...] = FRAMES, name: str = "mouse") -> Path:
    """A study of one film with two discs, both outlined in each of `frames`."""
    study = folder / "study"
    video = library.add(study, write_video(folder / "film.mp4"))
    places = positions(120, 2, *SIZE)
    with open_study(study, write=True) as opened:
        for frame in frames:
            labels = [label_of(draw(one[None], *SIZE) == 45, name) for one in places[frame]]
            save_labels(opened, video.video_id, frame, labels, author="Ann")
    return study


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, TrainSummary]:
    """A study with a network that was trained for two epochs."""
    study = labelled_study(tmp_path_factory.mktemp("trained"))
    # with far more time than its epochs take
    return study, train_network(study, Ask("mice", replace(TINY, minutes=5.0), author="Ann"))


def test_a_network_is_kept_with_all_that_makes_it_again(
    trained: tuple[Path, TrainSummary],
) -> None:
    study, done = trained
    network = done.network
    assert (network.key, network.round, network.parent, network.author) == (
        "mice:1",
        1,
        None,
        "Ann",
    )
    assert network.classes == ("mouse",) and network.path.is_file()
    uses = {row["frame"]: row["use"] for row in network.trained_on}
    assert [uses[frame] for frame in FRAMES] == ["train"] * 10 + ["validation"] * 2
    assert len({row["revision"] for row in network.trained_on}) == 12
    kept = network.settings
    assert (kept["seed"], kept["epochs"], kept["device"], kept["composites"]) == (0, 2, "cpu", True)
    assert kept["composing"]["contact"] > 0
    assert network.versions["torch"].startswith("2.")
    # two at most, as was asked: also planned, since the learning rate falls in time for the last
    assert [(one["epoch"], one["epochs"]) for one in network.metrics["curve"]] == [(1, 2), (2, 2)]
    assert network.metrics["stopped"] == "finished"
    assert network.metrics["judged"]["frames"] == 2
    assert not Place(study, "mice").folder.exists()  # nothing under way is left behind


def test_the_report_holds_everything_and_can_be_made_again(
    trained: tuple[Path, TrainSummary],
) -> None:
    study, done = trained
    assert done.report == report_file(study, "mice:1")
    page = done.report.read_text(encoding="utf-8")
    for words in ("Mask AP50-95", "How it learned", "Where it fails", "data:image/jpeg;base64,",
                  done.network.sha256, "110 (r"):  # fmt: skip
        assert words in page
    assert "<script" not in page and "http://" not in page and "https://" not in page
    assert write_report(study, "mice:1").read_text(encoding="utf-8") == page


def test_a_next_round_is_judged_on_the_same_frames_and_says_what_it_gained(
    trained: tuple[Path, TrainSummary],
) -> None:
    study, first = trained
    with open_study(study, write=True) as opened:
        places = positions(120, 2, *SIZE)
        labels = [label_of(draw(one[None], *SIZE) == 45, "mouse") for one in places[25]]
        save_labels(opened, 1, 25, labels, author="Ann")
    larger = replace(TINY, image_px=128)  # the weights before are judged at their own 96
    done = train_network(study, Ask("mice", larger, next_round=True))
    assert (done.network.key, done.network.round) == ("mice:2", 2)
    assert done.network.parent == "mice:1"
    judging = [row["frame"] for row in done.network.trained_on if row["use"] == "validation"]
    assert judging == [100, 110]
    assert done.before is not None  # the same weights on the same frames
    assert done.before.to_dict() == pytest.approx(first.judged.to_dict(), nan_ok=True)
    both = rounds(study, "mice")
    assert [one.frames for one in both] == [10, 11]
    assert both[0].gain_ap is None
    assert both[1].gain_ap == pytest.approx(done.judged.ap - first.judged.ap)
    with open_study(study) as opened:
        assert [one.key for one in networks(opened)] == ["mice:1", "mice:2"]
    assert first.network.path.is_file()


def test_what_begins_with_weights_has_their_size_and_the_frames_that_judged_them(
    trained: tuple[Path, TrainSummary], tmp_path: Path
) -> None:
    study, first = trained
    copy = tmp_path / "copy.pt"
    copy.write_bytes(first.network.path.read_bytes())
    ask = Ask("other", replace(TINY, image_px=640, size="s"), start=str(copy))
    plan = training_job._plan(study, replace(ask, inherit=("family", "size", "image_px")))
    settings = plan.settings
    assert (settings.family, settings.size, settings.image_px) == ("11", "n", 96)
    assert plan.parent is not None and plan.parent.key == "mice:1"
    frames = [plan.chosen.frames[k][1].frame for k in plan.split.validation]
    assert frames == [100, 110]
    with pytest.raises(AppError, match="mice:1 is of size n, not s: leave --size out"):
        training_job._plan(study, ask)


def test_label_economy_is_measured_once_and_comes_into_the_report(
    trained: tuple[Path, TrainSummary], monkeypatch: pytest.MonkeyPatch
) -> None:
    study, _ = trained
    short = replace(TINY, epochs=1, pictures=8)
    rows = economy.measure_economy(study, "mice", [4], short)
    assert [(row["frames"], row["way"]) for row in rows] == [
        (4, "with composites"), (4, "frames alone"),
    ]  # fmt: skip
    assert all(row["cpu_s"] > 0 and row["epochs"] == 1 for row in rows)
    page = write_report(study, "mice").read_text(encoding="utf-8")
    assert "Label economy" in page and "frames alone" in page
    monkeypatch.delattr(economy, "train")  # nothing is trained again
    assert economy.measure_economy(study, "mice", [4], short) == rows


def test_weights_that_know_other_classes_are_refused_before_anything_is_done(
    trained: tuple[Path, TrainSummary], tmp_path: Path
) -> None:
    other = labelled_study(tmp_path, name="rat")
    weights = trained[1].network.path
    with pytest.raises(AppError, match=r"knows 1 class \(mouse\), the labels have 1 class \(rat\)"):
        train_network(other, Ask("rats", TINY, start=str(weights)))
    assert not Place(other, "rats").folder.exists()


def wait_for_epochs(study: Path, number: int, process: subprocess.Popen | None = None) -> None:
    end = time.monotonic() + 300
    while len(jobs.live_curve(study, "mice")) < number:
        assert process is None or process.poll() is None, "training ended too early"
        assert time.monotonic() < end, "no epoch in time"
        time.sleep(0.05)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Few pictures in an epoch, also in processes that are started."""
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setenv("OMP_WAIT_POLICY", "PASSIVE")  # threads that wait do not spin
    yield


def test_a_killed_training_goes_on_from_its_last_whole_epoch(tmp_path: Path, small: None) -> None:
    study = labelled_study(tmp_path, FRAMES[::2])
    ask = Ask("mice", TINY)
    plan = "import sys\nfrom pathlib import Path\nfrom dataclasses import replace\n"
    plan += "sys.path.insert(0, sys.argv[2])\n"
    plan += "from test_training import TINY, Ask, train_network\n"
    plan += "train_network(Path(sys.argv[1]), Ask('mice', replace(TINY, epochs=4)))\n"
    process = subprocess.Popen(
        [sys.executable, "-c", plan, str(study), str(Path(__file__).parent)], cwd=HOME,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])},
    )  # fmt: skip
    wait_for_epochs(study, 2, process)
    process.send_signal(signal.SIGKILL)
    process.wait()
    before = jobs.live_curve(study, "mice")
    assert [one.name for one in interrupted(study)] == ["mice"]
    with open_study(study) as opened:
        assert networks(opened) == []
    with pytest.raises(AppError, match=r"--resume goes on with it, --restart throws it away"):
        train_network(study, ask)  # two epochs are not the four that were asked for
    done = train_network(study, ask, resume=True)
    curve = done.network.metrics["curve"]
    assert [one["epoch"] for one in curve] == [1, 2, 3, 4]
    assert [one["seconds"] for one in curve[: len(before)]] == [one.seconds for one in before]
    assert curve[-1]["seconds"] > before[-1].seconds
    assert interrupted(study) == []


def test_a_cancelled_job_keeps_its_epochs_and_can_be_ended_with_the_best_of_them(
    tmp_path: Path, small: None
) -> None:
    study = labelled_study(tmp_path, FRAMES[::2])
    job = jobs.start_training(
        study, "mice", image_px=96, minutes=None, epochs=200, device="cpu", pictures=8
    )
    wait_for_epochs(study, 1)
    with pytest.raises(AppError, match="being trained already"):
        jobs.start_training(study, "mice")
    jobs.processes.cancel_job(study, job.job_id)
    end = time.monotonic() + 120
    while (now := jobs.latest_training(study, "mice")) is not None and now.active:
        assert time.monotonic() < end
        time.sleep(0.05)
    assert now is not None and now.state == "cancelled"
    assert "resume" in now.message and now.video == "mice"
    record = json.loads((study / "jobs" / f"{job.job_id}.json").read_text())
    assert record["stage"] == "train" and record["total"] == 200
    assert [one.name for one in interrupted(study)] == ["mice"]
    jobs.processes._children[job.job_id].wait(60)
    epochs = len(jobs.live_curve(study, "mice"))
    done = train_network(study, Ask("mice", TINY), finish=True)
    assert (done.stopped, done.epochs) == ("person", epochs)
    assert done.network.path.stat().st_size < 8e6  # without what going on would need
    assert interrupted(study) == []


def test_a_training_killed_just_after_its_last_epoch_is_over(taught: Path, tmp_path: Path) -> None:
    # it ended before its sixty epochs, since none was better for long: nothing says so but weights
    image = np.full((48, 64), 150, np.uint8)
    mask = np.zeros((48, 64), np.uint8)
    mask[10:20, 10:30] = 1
    one = Sample(image, [place(mask)], [0], ("a.mp4", 1))
    material = training.Material([one], [one], ("dark", "white"))
    settings = replace(TINY, image_px=64, epochs=60, pictures=1)
    training.prepare(material, settings, tmp_path, training.SILENT)
    shutil.copytree(taught / "weights", tmp_path / training.TEACHING / "weights")
    point = training.Epoch(1, 60, 2.0, {}, 0.1, 0.05, True, 4)
    (tmp_path / training.CURVE).write_text(json.dumps(asdict(point)) + "\n")
    done = training.train(material, settings, tmp_path)
    assert (done.stopped, done.curve) == ("patience", [point])


def test_the_same_seed_makes_the_same_pictures(tmp_path: Path) -> None:
    from app.training.material import choose, material_of
    from tracking.networks.teaching.plans import SILENT
    from tracking.networks.teaching.training import prepare

    study = labelled_study(tmp_path, FRAMES[::2])
    chosen = choose(study)
    material = material_of(study, chosen, chosen.split(), True)
    folders = [tmp_path / name for name in ("a", "b")]
    for folder in folders:
        folder.mkdir()
        prepare(material, TINY, folder, SILENT)
    files = [sorted((folder / "dataset").rglob("*.[pt][nx][gt]")) for folder in folders]
    assert len(files[0]) == 2 * (12 + 1)
    for one, other in zip(*files, strict=True):
        assert one.read_bytes() == other.read_bytes()
    # a third of the pictures are frames, the rest are composites of them
    frames = [sample.image for sample in material.train]
    assert np.unique([image.shape for image in frames], axis=0).tolist() == [[240, 320]]
