"""What weights learned from never judges what goes on from them; without torch."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from film import draw, positions, write_video

from app import library
from app.errors import AppError
from app.jobs.network_work import _found
from app.training import lineage, training_job
from app.training.economy import keep_economy, measure_economy, rows_of, shortened
from app.training.economy_report import economy_html
from app.training.lineage import known_file, learned_before
from app.training.material import choose
from app.training.training_job import Ask, _plan, frames_of
from storage.edit_labels import save_labels
from storage.labels import label_of
from storage.networks import Network, find_network, register_network, withdraw_network
from storage.study import open_study
from storage.videos import rename_video
from tracking.networks.samples import Placed, Sample
from tracking.networks.teaching.dataset import Split
from tracking.networks.teaching.judging import Judged, Shape
from tracking.networks.teaching.plans import Listener, Material, TrainingSettings

SIZE = (160, 120)


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """A film of 20 s with five corrected frames: too few to spare one."""
    folder = tmp_path / "study"
    library.add(folder, write_video(tmp_path / "film.mp4", 600, size=SIZE))
    correct(folder, (10, 20, 30, 40, 50))
    return folder


@pytest.fixture(autouse=True)
def _silent_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    """Weights here are a few bytes, which tell no size."""
    monkeypatch.setattr(lineage, "_of_weights", lambda file: {})


def correct(study: Path, frames: tuple[int, ...]) -> None:
    places = positions(600, 2, *SIZE)
    with open_study(study, write=True) as opened:
        for frame in frames:
            labels = [label_of(draw(one[None], *SIZE) == 45, "mouse") for one in places[frame]]
            save_labels(opened, 1, frame, labels, author="Ann")


def trained(study: Path, name: str = "mice", parent: str | None = None) -> Network:
    """What a training on all corrected frames registers; weights of their own bytes."""
    chosen = choose(study)
    split = chosen.split()
    weights = study.parent / "weights.pt"
    weights.write_bytes(f"{name} of {parent} from {len(chosen.frames)}".encode())
    with open_study(study, write=True) as opened:
        return register_network(
            opened, name, weights, kind="pt", classes=["mouse"], author="Ann", parent=parent,
            trained_on=frames_of(chosen, split), round=1, metrics={"judged": {}},
        )  # fmt: skip


def judging(study: Path, ask: Ask) -> tuple[list[int], Split]:
    plan = _plan(study, ask)
    return [plan.chosen.frames[k][1].frame for k in plan.split.validation], plan.split


ROUND = Ask("mice", TrainingSettings(), next_round=True)


def test_what_a_first_round_without_judges_learned_does_not_judge_the_second(study: Path) -> None:
    trained(study)
    correct(study, (70,))  # so near to one that it learned that it is no other
    frames, split = judging(study, ROUND)
    assert frames == [] and len(split.train) == 6
    assert "the weights that training began with know all of them" in split.words
    correct(study, (300, 500))
    assert judging(study, ROUND)[0] == [500]


def test_frames_of_ancestors_do_not_judge_either_whatever_the_video_is_called_now(
    study: Path,
) -> None:
    trained(study)
    with open_study(study, write=True) as opened:
        weights = study.parent / "second.pt"
        weights.write_bytes(b"second")
        register_network(
            opened, "mice", weights, kind="pt", classes=["mouse"], author="Ann", parent="mice:1",
            trained_on=[], round=2, metrics={"judged": {}},
        )  # fmt: skip
        withdraw_network(opened, "mice:1", author="Ann")
        rename_video(opened, 1, "cage")
        second = find_network(opened, "mice:2")
    assert learned_before(study, second) == [("cage", frame) for frame in (10, 20, 30, 40, 50)]
    correct(study, (300, 500))
    assert judging(study, ROUND)[0] == [500]


def test_new_frames_between_those_that_judge_are_not_learned_from(study: Path) -> None:
    correct(study, (100, 150, 200, 250, 360, 420))
    first = trained(study)
    assert [row["frame"] for row in first.trained_on if row["use"] == "validation"] == [360, 420]
    correct(study, (230, 310, 390, 470, 471))  # 50 frames are two seconds
    plan = _plan(study, ROUND)
    frames = [one.frame for _, one in plan.chosen.frames]
    assert [frames[k] for k in plan.split.validation] == [360, 420]
    assert [frames[k] for k in plan.split.left_out] == [310, 390, 470]
    assert {230, 250, 471} <= {frames[k] for k in plan.split.train}


def test_a_file_of_weights_is_known_by_what_it_holds(study: Path, tmp_path: Path) -> None:
    first = trained(study)
    copy = tmp_path / "copied.pt"
    copy.write_bytes(first.path.read_bytes())
    with open_study(study, write=True) as opened:
        withdraw_network(opened, "mice:1", author="Ann")
    found = known_file(study, copy)
    assert found is not None and found.key == "mice:1"
    copy.write_bytes(b"others")
    assert known_file(study, copy) is None


def test_a_name_means_the_network_though_a_folder_is_called_so(
    study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = trained(study)
    (tmp_path / "mice").mkdir()
    monkeypatch.chdir(tmp_path)
    assert _plan(study, Ask("more", TrainingSettings(), start="mice")).start == made.path
    assert _found(study, "mice", "cpu") == (made.path, "mice:1")


def test_weights_to_begin_with_are_those_of_torch_or_published_ones(
    study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    graph = tmp_path / "mice.onnx"
    graph.write_bytes(b"graph")
    with pytest.raises(AppError, match="cannot begin with mice"):
        _plan(study, Ask("more", TrainingSettings(), start=str(graph)))
    asked: list[str] = []

    def refused(name: str) -> Path:
        asked.append(name)
        raise AppError("there is no network here")

    monkeypatch.setattr(training_job, "fetch", refused)
    with pytest.raises(AppError, match="no network here"):
        _plan(study, Ask("more", TrainingSettings(), start="yolo11n-seg.pt"))
    assert asked == ["yolo11n-seg.pt"]


@pytest.mark.parametrize(
    ("theirs", "ap50"), [(("black", "white"), 1.0), (("white", "black"), 1.0), (("mouse",), None)]
)
def test_a_gain_is_over_weights_of_the_same_classes_whatever_their_numbers(
    monkeypatch: pytest.MonkeyPatch, theirs: tuple[str, ...], ap50: float | None
) -> None:
    square = np.ones((8, 8), np.uint8)
    names = ("black", "white")
    sample = Sample(np.zeros((40, 40), np.uint8), [Placed(square, 2, 2), Placed(square, 20, 20)],
                    [0, 1])  # fmt: skip
    found = [[
        Shape(square, at, at, theirs.index(name) if name in theirs else 0)
        for at, name in ((2, "black"), (20, "white"))
    ]]  # fmt: skip
    monkeypatch.setattr(training_job, "predict", lambda *given: found)
    parent: Any = SimpleNamespace(classes=theirs, settings={}, key="mice:1")
    plan: Any = SimpleNamespace(parent=parent, start=Path("mice.pt"))
    trained: Any = SimpleNamespace(settings=TrainingSettings())
    said: list[str] = []
    material = Material([sample], [sample], names)
    before = training_job._judge_start(plan, material, trained, Listener(on_note=said.append))
    assert (before.ap50 if isinstance(before, Judged) else None) == ap50
    assert len(said) == (ap50 is None)


def test_label_economy_needs_frames_that_judge(study: Path) -> None:
    trained(study)
    with pytest.raises(AppError, match="No frame judged mice:1: with fewer frames it would be"):
        measure_economy(study, "mice", [2])
    assert not (study / "training" / "mice.economy").exists()


def test_label_economy_of_one_version_is_not_that_of_another(study: Path) -> None:
    first, second = trained(study), trained(study, parent="mice:1")
    rows = [{"frames": 5, "way": "frames alone", "network": key} for key in ("mice:1", "mice:2")]
    keep_economy(study, "mice", rows)
    assert rows_of(study, first) == rows[:1] and rows_of(study, second) == rows[1:]


def test_the_label_economy_is_a_curve_for_each_way_with_a_gap_where_nothing_was_measured() -> None:
    rows = [
        {"frames": count, "way": way, "ap50": ap + 0.2, "ap": ap, "contact_ap": None, "cpu_s": 9.0}
        for way, aps in (("frames alone", (0.25, None, 0.5)), ("with composites", (0.3, 0.4, 0.6)))
        for count, ap in zip((5, 20, 40), aps, strict=True)
        if ap is not None
    ]
    page = economy_html([*rows, {**rows[0], "frames": 20, "ap50": None, "ap": None}])
    assert page.count("<path") == 2 and page.count("<circle") == 5
    assert "with composites: 0.400 with 20 frames" in page
    assert "frames alone: 0.500 with 40 frames" in page
    assert page.count("<tr>") == 1 + 6
    assert "<svg" not in economy_html(rows[:1]) and economy_html([]) == ""
    longer = {**rows[1], "epochs": 40}  # what was trained for longer is no point of that curve
    assert "<svg" not in economy_html([*rows, longer]) and "40 epochs" in economy_html([longer])


def test_label_economy_takes_as_many_steps_as_a_whole_training_on_smaller_pictures() -> None:
    whole = TrainingSettings(image_px=320, batch=8, epochs=60, minutes=15)
    short = shortened(whole, 30)
    assert (short.epochs, short.image_px, short.batch, short.minutes) == (15, 192, 4, None)
    assert short.epochs / short.batch == 30 / whole.batch
    least = shortened(TrainingSettings(image_px=64, batch=1), 1)
    assert (least.epochs, least.image_px, least.batch) == (1, 64, 1)
