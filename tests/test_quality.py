"""How far tracks can be trusted, as the Videos page says it; and the order of names."""

import time
from pathlib import Path

import numpy as np
from storage_samples import add_tracked

from app.videos.quality import Quality, quality_of, quality_words
from storage import edits
from storage.study import open_study
from storage.videos import animal_names, names_of_animals


def test_unsure_identities_make_a_track_doubtful() -> None:
    mice = Quality(1.0, 0.7768, 17, 17.0)
    assert mice.doubtful
    assert not Quality(1.0, 0.0, 3, 3.0).doubtful
    assert Quality(0.6, None, 0, 0.0).doubtful
    assert quality_words(mice).endswith("unsure in 77.7 % of frames · 17 doubtful places")


def test_the_quality_of_a_long_video_is_there_at_once_and_follows_corrections(
    tmp_path: Path,
) -> None:
    frames = np.arange(200_000)
    x = np.column_stack([300 + 100 * np.sin(frames / (90 + 7 * k)) for k in range(3)])
    y = np.column_stack([200 * (k + 1) + 5 * np.cos(frames / 50) for k in range(3)])
    x[1000:1010, 0] = np.nan
    with open_study(tmp_path / "study", write=True, create=True) as study:
        video = add_tracked(study, tmp_path, x, y)
    begun = time.process_time()
    found = quality_of(tmp_path / "study", video.video_id)
    first_s = time.process_time() - begun
    assert found is not None and found.places == 1 and not found.doubtful
    begun = time.process_time()
    assert quality_of(tmp_path / "study", video.video_id) is found
    assert time.process_time() - begun < 0.3
    assert first_s < 3  # 0.4 s on a free machine
    with open_study(tmp_path / "study", write=True) as study:
        done = {"animal": "animal1", "start_frame": 999, "stop_frame": 1011}
        edits.apply(study, 1, "tracks.interpolate", done, author="Ada", client="c", seq=1)
    mended = quality_of(tmp_path / "study", video.video_id)
    assert mended is not None and mended.places == 0


def test_each_arena_counts_as_a_recording_of_its_own(tmp_path: Path) -> None:
    frames = np.arange(1500)  # a minute; each animal is out of view three times
    x = np.tile(100 + np.sin(frames / 40)[:, None], (1, 4))
    y = np.tile(200.0 * (1 + np.arange(4)), (len(frames), 1))
    for k in range(4):
        for begin in (100, 600, 1100):
            x[begin + 20 * k : begin + 20 * k + 10, k] = np.nan
    places = {}
    for name, arenas in {"one": (), "four": ("a", "b", "c", "d")}.items():
        with open_study(tmp_path / name, write=True, create=True) as study:
            add_tracked(study, tmp_path / name, x, y, arenas=arenas)
        places[name] = quality_of(tmp_path / name, 1)
    one, four = places["one"], places["four"]
    assert one is not None and four is not None and one.places == four.places == 12
    assert one.doubtful and not four.doubtful
    assert four.per_minute * 4 == one.per_minute


def test_animals_are_listed_by_name_as_people_read_it(tmp_path: Path) -> None:
    x = np.tile(np.arange(20.0)[:, None], (1, 3))
    with open_study(tmp_path / "study", write=True, create=True) as study:
        add_tracked(study, tmp_path, x, x)
        names = {"animal1": "mouse10", "animal2": "mouse2", "animal3": "Mouse1"}
        for seq, (old, new) in enumerate(names.items()):
            data = {"animal": old, "name": new}
            edits.apply(study, 1, "tracks.rename", data, author="Ada", client="c", seq=seq)
        assert animal_names(study, 1) == {3: "Mouse1", 2: "mouse2", 1: "mouse10"}
        assert list(animal_names(study, 1)) == [3, 2, 1]
        assert list(names_of_animals(study)[1].values()) == ["Mouse1", "mouse2", "mouse10"]
