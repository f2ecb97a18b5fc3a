"""Segment anything of full size, with random weights: from a click on a real frame to a label."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from required import required
from starlette.applications import Starlette
from starlette.testclient import TestClient

torch = required("torch")

from tracking.networks.torchvision_parts import declare_missing  # noqa: E402

declare_missing()
segment_anything = required("segment_anything")

from app import library, workplace  # noqa: E402
from app.annotating.clicking import KEPT, Weights, weights_for  # noqa: E402
from app.server.routes import data_routes  # noqa: E402
from app.workplace import Workplace  # noqa: E402
from storage.labels import frame_labels  # noqa: E402
from storage.study import open_study  # noqa: E402
from tracking import sam  # noqa: E402

FILM = Path("video", "mouse1_open_field", "m3v1mp4.mp4")
STEP = 40  # px between the places that are tried: random weights outline what they will


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """An untrained vit_b as Meta's file would be."""
    torch.manual_seed(0)
    file = tmp_path_factory.mktemp("weights") / "sam_vit_b_01ec64.pth"
    torch.save(segment_anything.sam_model_registry["vit_b"]().state_dict(), file)
    yield file
    sam.loaded.cache_clear()
    file.unlink()  # 375 MB


@pytest.fixture
def study(tmp_path: Path, shared_data: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "study"
    library.add(folder, shared_data / FILM)
    monkeypatch.delenv("ETHOSCRIBE_SAM_WEIGHTS", raising=False)
    monkeypatch.setattr(workplace, "_current", Workplace.of(folder))
    return folder


@pytest.fixture
def client(study: Path) -> Iterator[TestClient]:
    with TestClient(Starlette(routes=data_routes()), base_url="http://localhost") as client:
        yield client


def name_weights(study: Path, file: Path) -> None:
    (study / "ethoscribe.toml").write_text(f'[segment_anything]\nweights = "{file}"\n')


def send(client: TestClient, seq: int, kind: str, data: dict[str, Any]) -> dict[str, Any]:
    body = {"client": "tab", "name": "Ada", "edits": [{"seq": seq, "kind": kind, "data": data}]}
    answer = client.post("/data/videos/1/edits", json=body, headers={"origin": "http://localhost"})
    (result,) = answer.json()["results"]
    assert "error" not in result
    return result


def first_outline(client: TestClient, frame: int) -> dict[str, Any]:
    """Click here and there until something is outlined."""
    said = set()
    for y in range(STEP, 480, STEP):
        for x in range(STEP, 640, STEP):
            answer = client.get(f"/data/videos/1/click?frame={frame}&on={x},{y}")
            if answer.status_code == 200:
                return {**answer.json(), "on": (x, y)}
            said.add(answer.json()["error"])
    raise AssertionError(said)


def test_a_click_on_a_real_frame_becomes_a_label_and_is_taken_back(
    client: TestClient, study: Path, weights: Path
) -> None:
    name_weights(study, weights)
    found = first_outline(client, 7)
    assert found["engine"] == "segment-anything vit_b"
    (kept,) = (study / KEPT).iterdir()  # one frame was looked at, however many clicks it took
    assert kept.stat().st_size == pytest.approx(2 * 256 * 64 * 64, rel=0.01)

    model = sam.loaded(weights.resolve(), "vit_b")
    model._seen.clear()  # as after a restart
    looks: list[int] = []
    encoder = model._predictor.model.image_encoder
    encoder.register_forward_hook(lambda *_: looks.append(1))
    x, y = found["on"]
    again = client.get(f"/data/videos/1/click?frame=7&on={x},{y}").json()
    assert again["polygon"] == found["polygon"] and looks == []
    boxed = client.get(f"/data/videos/1/click?frame=7&box={x - 60},{y - 60},{x + 60},{y + 60}")
    assert boxed.status_code in (200, 400) and looks == []  # what it finds is up to its weights
    if boxed.status_code == 400:
        assert "No outline was found" in boxed.json()["error"]

    label = {"class": "mouse", "animal_id": None, "polygons": [
        [[px + 0.5, py + 0.5] for px, py in found["polygon"]]]}  # fmt: skip
    send(client, 1, "labels.save", {"frame": 7, "labels": [label], "origin": "person"})
    with open_study(study) as opened:
        stored = frame_labels(opened, 1, 7)
    assert stored is not None and stored.corrected
    mask = stored.labels[0].whole(640, 480)
    near = mask[max(y - 4, 0) : y + 5, max(x - 4, 0) : x + 5]
    assert near.any() and mask.sum() == stored.labels[0].area_px >= 9
    send(client, 2, "undo", {"scope": "labels", "frame": 7})
    with open_study(study) as opened:
        assert frame_labels(opened, 1, 7) is None


def test_a_file_of_weights_that_is_not_there_says_what_to_do(
    client: TestClient, study: Path, tmp_path: Path
) -> None:
    gone = tmp_path / "gone.pth"
    name_weights(study, gone)
    assert weights_for(study) == Weights(gone)
    answer = client.get("/data/videos/1/click?frame=7&on=300,200")
    assert answer.status_code == 400
    said = answer.json()["error"]
    assert str(gone) in said and "sam_vit_b_01ec64.pth (375 MB)" in said and sam.WHERE in said
    assert "[segment_anything] in ethoscribe.toml" in said and "\n" not in said
