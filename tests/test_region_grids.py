"""Racks, plates and cages: as many arenas as asked for, apart, named and numbered as people do."""

from pathlib import Path

import numpy as np
import pytest
from storage_samples import Info
from terminal import here

from app.errors import AppError
from app.setting_up.arenas import arenas_of, chosen_arenas
from app.setting_up.region_grids import GRIDS
from app.setting_up.region_templates import place, size_of, template_regions
from storage.regions import regions
from storage.study import open_study
from storage.videos import add_video


@pytest.mark.parametrize("name", GRIDS)
def test_a_grid_can_be_tracked_as_it_starts(name: str) -> None:
    made = template_regions(name)
    wide, high = size_of(made)
    scale = 0.9 * min(1280 / wide, 960 / high)
    arenas = arenas_of(chosen_arenas(place(made, (639.5, 479.5), (scale, scale), 5)), (1280, 960))
    counts = np.bincount(arenas.labels.ravel(), minlength=len(made) + 1)[1:]
    assert len(counts) == len(made) and counts.min() > 0.9 * counts.max() > 100


def test_tubes_are_counted_down_wells_by_letter_cages_as_one_reads() -> None:
    rack = template_regions("rack")
    assert [one.name for one in rack[:2]] == ["tube_01", "tube_02"] and len(rack) == 20
    (x0, y0), (x1, y1) = rack[0].points[0], rack[1].points[0]
    assert x1 == x0 and y1 - y0 == pytest.approx(0.7)
    assert template_regions("plate_96")[-1].name == "H12"
    cages = template_regions("cages", {"rows": 2, "columns": 2})
    assert [one.name for one in cages] == ["cage_1", "cage_2", "cage_3", "cage_4"]
    assert cages[1].points[0][0] > cages[0].points[0][0]
    assert cages[1].points[0][1] == cages[0].points[0][1]
    assert size_of(cages) == pytest.approx((75.0, 43.4))
    with pytest.raises(AppError, match="give a whole number"):
        template_regions("rack", {"rows": 2.5})


def test_a_plate_from_the_command_line_says_how_to_track_it(tmp_path: Path) -> None:
    with open_study(tmp_path / "s", create=True) as study:
        add_video(study, Info(tmp_path / "plate.mp4"))
    made = here(
        "regions", "template", "plate_24", "-s", tmp_path / "s", "--video", "plate",
        "--px-per-cm", "50",
    )  # fmt: skip
    assert made.status == 0 and "24 regions" in made.err and "ethoscribe track" in made.err
    more = here(
        "regions", "add", "A1", "-s", tmp_path / "s", "--role", "arena", "--animals", "2",
        "--kind", "circle", "--points", "50,50 70,50",
    )  # fmt: skip
    listed = here("regions", "list", "-s", tmp_path / "s")
    assert more.status == 0 and "A1\tarena, 2 animals\tcircle" in listed.out
    with open_study(tmp_path / "s") as study:
        assert {one.role for one in regions(study, 1)} == {"arena"}
    wrong = here(
        "regions", "add", "x", "-s", tmp_path / "s", "--animals", "2", "--points", "0,0 9,0 9,9"
    )  # fmt: skip
    assert wrong.status == 1 and "--role arena" in wrong.err
