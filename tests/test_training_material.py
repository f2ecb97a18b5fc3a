"""What a study has to train from, and every reason why training cannot begin; without torch."""

import io
from pathlib import Path

import numpy as np
import pytest
from film import draw, positions, write_video

from app import library
from app.errors import AppError
from app.training.material import choose, choose_again, readiness, samples_of
from app.training.place import Place, interrupted
from app.training.telling import Telling
from app.training.training_job import Ask, train_network
from storage.edit_labels import save_labels
from storage.labels import Label, label_of
from storage.study import open_study
from tracking.errors import TrackingError
from tracking.networks.samples import Sample, place
from tracking.networks.teaching import training
from tracking.networks.teaching.dataset import write_dataset
from tracking.networks.teaching.lessons import DeviceMemoryError, EpochNews, Lesson
from tracking.networks.teaching.plans import Epoch, TrainingSettings
from tracking.networks.teaching.training import read_curve

SIZE = (160, 120)


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """A study of one film with two discs, nothing labelled."""
    folder = tmp_path / "study"
    library.add(folder, write_video(tmp_path / "film.mp4", 60, size=SIZE))
    return folder


def discs(frame: int, animals: int = 2, name: str = "mouse") -> list[Label]:
    places = positions(60, 2, *SIZE)[frame][:animals]
    return [label_of(draw(one[None], *SIZE) == 45, name) for one in places]


def save(study: Path, frame: int, labels: list[Label], origin: str = "person") -> int:
    with open_study(study, write=True) as opened:
        return save_labels(opened, 1, frame, labels, author="Ann", origin=origin)


def why(study: Path) -> str:
    """The line with which a training is refused; the study is as it was."""
    with pytest.raises(AppError) as refused:
        train_network(study, Ask("mice", TrainingSettings()))
    assert interrupted(study) == [] and not Place(study, "mice").folder.exists()
    assert readiness(study).error == str(refused.value)
    return str(refused.value)


def test_without_a_label_it_says_how_to_begin(study: Path) -> None:
    assert why(study).startswith("No frame of this study is corrected yet. Label some first")


def test_what_a_program_filled_in_waits_for_a_person(study: Path) -> None:
    save(study, 3, discs(3), origin="background")
    assert "1 filled frame waits to be corrected" in why(study)
    assert readiness(study).waiting == 1


def test_one_label_and_one_frame_are_too_little(study: Path) -> None:
    save(study, 3, discs(3, 1))
    assert why(study).startswith("There is only one label: correct 2 frames or more")
    save(study, 3, discs(3))
    assert why(study).startswith("All labels are of one frame: correct 2")


def test_frames_in_which_nobody_is_teach_nothing(study: Path) -> None:
    save(study, 3, [])
    save(study, 9, [])
    assert why(study).startswith("The 2 corrected frames of this study show no animal")


def test_a_study_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(AppError, match="There is no study at"):
        train_network(tmp_path / "nothing", Ask("mice", TrainingSettings()))
    assert not (tmp_path / "nothing").exists()


def test_nothing_to_resume_and_no_network_to_go_on_from_are_said(study: Path) -> None:
    save(study, 3, discs(3))
    save(study, 30, discs(30))
    with pytest.raises(AppError, match="No training of mice stopped half way"):
        train_network(study, Ask("mice", TrainingSettings()), resume=True)
    with pytest.raises(AppError, match="There is no network mice yet: train it once"):
        train_network(study, Ask("mice", TrainingSettings(), next_round=True))
    with pytest.raises(AppError, match="There are no weights at"):
        train_network(study, Ask("mice", TrainingSettings(), start="gone.pt"))


def test_frames_come_with_the_masks_that_were_saved(study: Path) -> None:
    for frame in (3, 30):
        save(study, frame, discs(frame))
    chosen = choose(study)
    samples = samples_of(study, chosen)
    assert [sample.source for sample in samples] == [("film", 3), ("film", 30)]
    assert chosen.names == ("mouse",)
    for sample, (_, labelled) in zip(samples, chosen.frames, strict=True):
        for k, label in enumerate(labelled.labels):
            assert (sample.whole(k) == label.whole(*SIZE)).all()
            assert sample.image[sample.whole(k) > 0].mean() < 80  # the disc is dark


def test_a_pixel_of_two_animals_belongs_to_the_later_one(study: Path) -> None:
    mask = np.ones((20, 20), np.uint8)
    both = [label_of(mask, "mouse", x0=10, y0=10), label_of(mask, "mouse", x0=20, y0=10)]
    for frame in (3, 30):
        save(study, frame, both)
    sample = samples_of(study, choose(study))[0]
    assert sample.areas.tolist() == [200, 400]


def test_a_training_goes_on_with_the_revisions_it_began_with(study: Path) -> None:
    first = [save(study, frame, discs(frame)) for frame in (3, 30)]
    save(study, 3, discs(3, 1))
    assert [one.revision_id for _, one in choose_again(study, first, ("mouse",)).frames] == first
    assert len(choose(study).frames[0][1].labels) == 1


def test_settings_that_cannot_be_are_refused_in_a_line() -> None:
    with pytest.raises(TrackingError, match=r"Pictures of 100 px .* multiple of 32"):
        TrainingSettings(image_px=100)
    with pytest.raises(TrackingError, match="0 minutes are no time"):
        TrainingSettings(minutes=0)


def test_a_batch_that_does_not_fit_is_halved_and_that_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[int, bool]] = []

    def teach(dataset, lesson: Lesson, on_epoch, folder, resume=False, **_) -> None:
        asked.append((lesson.batch, resume))
        if lesson.batch > 2:
            raise DeviceMemoryError("too large")
        on_epoch(EpochNews(1, 1, {"loss": 1.0}, {"mask_ap50": 0.5, "mask_ap50_95": 0.2}, 1.0,
                           lesson.batch, True))  # fmt: skip

    monkeypatch.setattr(training, "teach", teach)
    (tmp_path / training.DONE).write_text('{"pictures": 4, "one_shape": true}')
    said: list[str] = []
    settings = TrainingSettings(batch=8, device="cpu", minutes=None, epochs=1)
    listener = training.Listener(on_note=said.append)
    training._learn(tmp_path, "yolo11n-seg.yaml", settings, tmp_path, listener, [])
    assert [batch for batch, _ in asked] == [8, 4, 2]
    assert said == [
        "8 pictures at once do not fit into the memory of cpu: going on with 4.",
        "4 pictures at once do not fit into the memory of cpu: going on with 2.",
    ]
    assert [point.batch for point in read_curve(tmp_path)] == [2]


def test_a_curve_that_is_being_written_is_read_up_to_its_last_whole_point(tmp_path: Path) -> None:
    point = '{"epoch": 1, "epochs": 5, "seconds": 2.0, "losses": {}, "ap50": 0.1, "ap": 0.05, '
    point += '"best": true, "batch": 8}\n'
    (tmp_path / training.CURVE).write_text(point + point[:30])
    assert read_curve(tmp_path) == [Epoch(1, 5, 2.0, {}, 0.1, 0.05, True, 8)]


def test_frames_without_composites_are_shown_several_times(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    mask = np.zeros((60, 80), np.uint8)
    mask[20:40, 30:60] = 1
    sample = Sample(rng.integers(0, 256, (60, 80), np.uint8), [place(mask)], [0], ("a.mp4", 1))
    material = training.Material([sample], [], ("mouse",))
    settings = TrainingSettings(pictures=5, composites=False)
    made, composites = training._pictures(material, settings, training.SILENT)
    assert composites == 0 and len(made) == 5 and (made[0].image == sample.image).all()
    assert all((one.whole(0) == mask).all() for one in made)
    assert write_dataset(tmp_path, made, material.judging, material.names, 64).is_file()


def test_the_time_left_of_a_training_that_goes_on_is_by_its_own_limit(tmp_path: Path) -> None:
    place = Place(tmp_path, "rats")
    assert place.minutes is None
    for minutes, left in ((None, "25:00"), (45.0, "20:00"), (15.0, "0:00")):
        place.begin({"settings": {"minutes": minutes, "epochs": 30}, "started": ""})
        assert place.minutes == minutes
        log = io.StringIO()
        telling = Telling("rats", place.minutes, stream=log)
        # half of it took 25 minutes, in two sessions
        telling.epoch(training.Epoch(15, 30, 1500.0, {"seg": 4.0}, 0.9, 0.5, False, 8))
        assert log.getvalue().strip().endswith(f", {left} left")
