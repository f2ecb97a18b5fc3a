"""What the editor of labels reads from the server: its list, one frame, a part of an outline."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from film import positions, write_video
from starlette.applications import Starlette
from starlette.testclient import TestClient

from app import library, workplace
from app.server.identity import Person, role_for_edit
from app.server.routes import data_routes
from app.workplace import Workplace
from storage.edit_labels import label_record, save_labels, save_many
from storage.labels import DRAFT, Proposal, label_of, save_proposals
from storage.people import add_person
from storage.study import open_study

SIZE = (320, 240)
SAME = {"origin": "http://localhost"}


def disc(x: float, y: float, radius: float = 9) -> np.ndarray:
    rows, columns = np.mgrid[: SIZE[1], : SIZE[0]]
    return (columns - x) ** 2 + (rows - y) ** 2 <= radius**2


@pytest.fixture
def study(tmp_path: Path) -> Path:
    library.add(tmp_path / "study", write_video(tmp_path / "clip.mp4", 30, 2, size=SIZE))
    with open_study(tmp_path / "study", write=True) as study:
        save_proposals(study, 1, [Proposal(n, "different", 0.5) for n in (3, 9, 12)])
        mouse = [label_of(disc(60, 60), "mouse")]
        save_many(
            study, 1, {9: mouse, 12: mouse}, author="", origin="background",
            sureness={9: 0.9, 12: 0.1},
        )  # fmt: skip
        save_labels(study, 1, 20, mouse, author="Ada")
        save_labels(study, 1, 3, mouse, author="Ada", origin=DRAFT)
    return tmp_path / "study"


@pytest.fixture
def client(study: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    monkeypatch.setattr(workplace, "_current", Workplace.of(study))
    with TestClient(Starlette(routes=data_routes()), base_url="http://localhost") as client:
        yield client


def test_the_list_says_how_far_each_frame_is(client: TestClient) -> None:
    found = client.get("/data/labels").json()
    states = {one["frame"]: (one["state"], one["author"], one["why"]) for one in found["frames"]}
    assert states == {
        3: ("begun", "Ada", "different"), 9: ("sure", "", "different"),
        12: ("proposed", "", "different"), 20: ("corrected", "Ada", ""),
    }  # fmt: skip
    assert found["classes"] == ["mouse"]
    (video,) = found["videos"]
    assert (video["width"], video["height"], video["frames"]) == (*SIZE, 30)
    assert video["engine"] == "gray level under the click"
    assert video["usual"] == {"mouse": int(disc(60, 60).sum())}  # so that a giant is doubted


def test_a_frame_comes_with_its_outlines_and_what_its_author_may_take_back(
    client: TestClient,
) -> None:
    mine = client.get("/data/videos/1/labels/3?name=Ada").json()
    assert (mine["origin"], mine["state"], mine["undo"], mine["redo"]) == (
        "draft", "begun", True, False,
    )  # fmt: skip
    (label,) = mine["labels"]
    assert label["class"] == "mouse" and (label["x0"], label["width"]) == (51, 19)
    assert not client.get("/data/videos/1/labels/3?name=Bob").json()["undo"]
    empty = client.get("/data/videos/1/labels/5").json()
    assert empty["labels"] == [] and empty["revision"] is None
    assert client.get("/data/videos/1/labels/30").status_code == 404
    assert client.get("/data/videos/2/labels/3").status_code == 404


def test_an_outline_of_two_is_parted_and_nothing_is_stored(client: TestClient) -> None:
    both = disc(60, 60) | disc(84, 60)
    both[58:63, 60:84] = True
    record = label_record(label_of(both, "mouse"))
    sent = {**record, "x": 84, "y": 60}
    found = client.post("/data/videos/1/labels/part", json=sent, headers=SAME).json()
    assert found["x0"] == 51 and 69 <= found["x0"] + found["width"] <= 76
    assert client.get("/data/videos/1/labels/5").json()["revision"] is None
    for wrong in ({**sent, "rle": "AAA="}, {**sent, "width": 0}, {"x": 1}, {**sent, "x": None}):
        answer = client.post("/data/videos/1/labels/part", json=wrong, headers=SAME)
        assert answer.status_code == 400 and "error" in answer.json()
    outside = client.post("/data/videos/1/labels/part", json={**sent, "x": 200}, headers=SAME)
    assert outside.status_code == 400
    other = {"origin": "http://elsewhere"}
    assert client.post("/data/videos/1/labels/part", json=sent, headers=other).status_code == 403


def test_a_box_finds_the_animal_in_it(client: TestClient) -> None:
    x, y = positions(30, 2, *SIZE)[9, 0]
    box = ",".join(f"{value:.1f}" for value in (x - 16, y - 16, x + 16, y + 16))
    found = client.get(f"/data/videos/1/click?frame=9&box={box}").json()
    assert found["engine"] == "what differs from the rim of the box"
    corners = np.array(found["polygon"])
    assert corners.mean(0) == pytest.approx((x, y), abs=1.5)
    assert np.ptp(corners, axis=0) == pytest.approx((19, 19), abs=2.5)
    for wrong in ("1,2,3", "a,b,c,d", "1,2,3,1e9"):
        assert client.get(f"/data/videos/1/click?frame=9&box={wrong}").status_code == 400


def test_labels_are_for_annotators(study: Path, client: TestClient) -> None:
    assert role_for_edit("labels.save", {}) == role_for_edit("undo", {"scope": "labels"})
    assert role_for_edit("labels.clear", {}) == "annotator"
    assert not Person("Eve", "viewer").may(role_for_edit("labels.save", {}))
    with open_study(study, write=True) as opened:
        add_person(opened, "Ada", "owner", None)
    assert client.get("/data/labels").status_code == 401
    record = label_record(label_of(disc(60, 60), "mouse"))
    sent = {**record, "x": 60, "y": 60}
    assert client.post("/data/videos/1/labels/part", json=sent, headers=SAME).status_code == 403
