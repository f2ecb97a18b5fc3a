"""The addresses that the player reads, against a real study with a small encoded video."""

import json
import struct
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import av
import cv2
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from film import positions, write_video
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.testclient import TestClient

from app import library, words, workplace
from app.annotating import clicking
from app.annotating.reviewing import fill_polygon
from app.jobs.progress import JobFile
from app.server import review_routes
from app.server.finished import address_of
from app.server.hosts import KnownHosts, is_own, own_names
from app.server.identity import Person
from app.server.overlay import pack_overlay
from app.server.routes import data_routes
from app.workplace import Workplace
from storage.bouts import save_bouts
from storage.edits import apply
from storage.runs import Run, ingest_run
from storage.study import open_study

FRAMES, WIDTH, HEIGHT = 20, 64, 48
INT, FLOAT = pa.int32(), pa.float32()


def film(path: Path) -> Path:
    """Encode frames whose brightness tells their number."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=10)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        for n in range(FRAMES):
            gray = np.full((HEIGHT, WIDTH, 3), 10 * n, np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(gray, "rgb24")))
        container.mux(stream.encode(None))
    return path


def tables() -> tuple[pa.Table, pa.Table, pa.Table]:
    """One animal that moves right one pixel a frame and is not found in frame 3."""
    frames = np.arange(FRAMES)
    seen = frames != 3
    x = pa.array([float(n) if n != 3 else None for n in frames], FLOAT)
    constant = {name: pa.array([5.0] * FRAMES, FLOAT) for name in ("length_px", "width_px")}
    tracks = pa.table(
        {
            "frame": pa.array(frames, INT),
            "time_s": frames / 10,
            "animal_id": pa.array([1] * FRAMES, pa.int16()),
            "x_px": x,
            "y_px": x,
            "heading_deg": pa.array([None] * FRAMES, FLOAT),
            **constant,
            "area_px": pa.array([4.0] * FRAMES, FLOAT),
            "detected": seen,
            "identity_confidence": pa.array([1.0] * FRAMES, FLOAT),
        }
    )
    box = {name: pa.array([2] * 19, pa.int16()) for name in ("x0", "y0", "width", "height")}
    rle = pa.array([struct.pack("<3H", 0, 1, 3)] * 19, pa.binary())
    ids = {"frame": pa.array(frames[seen], INT), "animal_id": pa.array([1] * 19, pa.int16())}
    masks = pa.table({**ids, **box, "rle": rle})
    points = pa.table(
        {
            **ids,
            "point": ["nose"] * 19,
            "x_px": pa.array([1.5] * 19, FLOAT),
            "y_px": pa.array([2.5] * 19, FLOAT),
            "confidence": pa.array([1.0] * 19, FLOAT),
        }
    )
    return tracks, masks, points


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("lab")
    folder = home / "study"
    video = library.add(folder, film(home / "clip.mp4"), px_per_cm=8.0)
    parts = []
    for name, table in zip(("tracks", "masks", "points"), tables(), strict=True):
        pq.write_table(table, home / f"{name}.parquet")
        parts.append([home / f"{name}.parquet"])
    now = datetime.now(UTC)
    with open_study(folder, write=True) as opened:
        run = Run("run1", "background", 1, {}, {}, {}, now, now)
        ingest_run(opened, video.video_id, run, *parts)
        bouts = pd.DataFrame({"subject": ["animal1"], "start_frame": [2], "stop_frame": [5]})
        save_bouts(opened, video.video_id, bouts, behaviour="rest", source="human")
    return folder


@pytest.fixture
def client(study: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    monkeypatch.setattr(workplace, "_current", Workplace.of(study))
    app = Starlette(routes=data_routes(), middleware=[Middleware(KnownHosts)])
    with TestClient(app, base_url="http://localhost:8501") as client:
        yield client


def unpack(data: bytes) -> dict:
    """Read an overlay as the player does."""
    (length,) = struct.unpack_from("<I", data)
    header = json.loads(data[4 : 4 + length])
    at = 4 + length + (-length % 4)
    table = {"point_names": header["point_names"]}
    for name, dtype, count in header["columns"]:
        table[name] = np.frombuffer(data, "<" + dtype, count, at)
        at += table[name].nbytes + (-table[name].nbytes % 4)
    assert at == len(data)
    return table


def test_a_range_of_the_video_is_sent_without_the_rest(client: TestClient, study: Path) -> None:
    whole = (study.parent / "clip.mp4").read_bytes()
    answer = client.get("/data/videos/1/file", headers={"Range": "bytes=10-19"})
    assert answer.status_code == 206
    assert answer.content == whole[10:20]
    assert answer.headers["content-range"] == f"bytes 10-19/{len(whole)}"
    assert answer.headers["content-type"] == "video/mp4"
    assert client.get("/data/videos/1/file").content == whole


def test_an_overlay_holds_the_frames_asked_for_and_only_what_was_found(client: TestClient) -> None:
    answer = client.get("/data/videos/1/overlay?start=2&stop=6&run=run1-run1")
    table = unpack(answer.content)
    assert table["track_frame"].tolist() == [2, 4, 5]
    assert table["track_x"].tolist() == [2.0, 4.0, 5.0]
    assert np.isnan(table["track_heading"]).all()
    assert table["mask_offset"].tolist() == [0, 3, 6, 9]
    assert table["mask_runs"].tolist() == [0, 1, 3] * 3
    assert table["point_names"] == ["nose"]
    assert table["point_x"].tolist() == [1.5] * 3
    assert "immutable" in answer.headers["cache-control"]
    other = client.get("/data/videos/1/overlay?start=2&stop=6&run=run1-run1.7")
    assert other.headers["cache-control"] == "no-store"  # not what that state would be


def test_an_overlay_of_nothing_is_still_readable() -> None:
    empty = unpack(pack_overlay(*(table.slice(0, 0) for table in tables())))
    assert empty["track_frame"].size == 0
    assert empty["mask_offset"].tolist() == [0]


@pytest.mark.parametrize("query", ["", "start=0", "start=a&stop=3", "start=5&stop=5",
                                   "start=-1&stop=3", "start=0&stop=100000"])  # fmt: skip
def test_a_senseless_frame_range_is_refused(client: TestClient, query: str) -> None:
    answer = client.get(f"/data/videos/1/overlay?{query}")
    assert answer.status_code == 400
    assert "stop" in answer.json()["error"] or "frames" in answer.json()["error"]


def test_frame_times_come_as_float64_seconds(client: TestClient) -> None:
    times = np.frombuffer(client.get("/data/videos/1/times").content, "<f8")
    assert times == pytest.approx(np.arange(FRAMES) / 10)


def test_a_frame_is_the_right_picture(client: TestClient) -> None:
    answer = client.get("/data/videos/1/frame/12.jpg")
    assert answer.headers["content-type"] == "image/jpeg"
    image = cv2.imdecode(np.frombuffer(answer.content, np.uint8), cv2.IMREAD_GRAYSCALE)
    assert image.shape == (HEIGHT, WIDTH)
    assert image.mean() == pytest.approx(120, abs=4)
    small = client.get("/data/videos/1/frame/12.jpg?width=32").content
    assert cv2.imdecode(np.frombuffer(small, np.uint8), cv2.IMREAD_COLOR).shape == (24, 32, 3)


def test_a_frame_past_the_end_is_not_found(client: TestClient) -> None:
    answer = client.get("/data/videos/1/frame/20.jpg")
    assert answer.status_code == 404
    assert "20 frames" in answer.json()["error"]


def test_bouts_are_listed_as_json(client: TestClient) -> None:
    (bout,) = client.get("/data/videos/1/bouts").json()["bouts"]
    assert (bout["behaviour"], bout["start_frame"], bout["stop_frame"]) == ("rest", 2, 5)
    assert bout["target"] is None


def test_what_is_kept_is_named_by_its_state_and_only_then(
    client: TestClient, study: Path, tmp_path: Path
) -> None:
    urls = library.player_facts(study, 1)["urls"]
    path, query = urls["frame"].split("?")
    assert library.video_of(study, 1).content_hash in query and query in urls["file"]
    addresses = [urls["times"], urls["bouts"], f"{path}/3.jpg?{query}"]
    for address in addresses:
        assert "immutable" in client.get(address).headers["cache-control"]
        for other in (address.split("?")[0], address + "0"):
            assert client.get(other).headers["cache-control"] == "no-store"
    longer = tmp_path / "b.mp4"
    other = library.add(tmp_path / "study", write_video(longer, 12))
    facts = library.player_facts(tmp_path / "study", other.video_id)
    assert facts["id"] == 1  # the same number in another study, at the same port
    assert all(facts["urls"][name] != urls[name] for name in ("file", "frame", "times"))


def test_the_state_of_the_bouts_does_not_come_back_when_they_do(
    client: TestClient, study: Path
) -> None:
    first = client.get(library.player_facts(study, 1)["urls"]["bouts"])
    change = {"behaviour": "rest", "subject": "animal1", "kind": "state"}
    addresses = []
    with open_study(study, write=True) as opened:
        apply(opened, 1, "bouts.add", {**change, "start_frame": 12, "stop_frame": 15},
              author="Ada", client="c", seq=1)  # fmt: skip
    addresses.append(library.player_facts(study, 1)["urls"]["bouts"])
    with open_study(study, write=True) as opened:
        apply(opened, 1, "undo", {"scope": "bouts"}, author="Ada", client="c", seq=2)
    addresses.append(library.player_facts(study, 1)["urls"]["bouts"])
    assert len({str(first.url.raw_path, "ascii"), *addresses}) == 3
    answers = [client.get(address) for address in addresses]
    assert answers[1].json() == first.json()
    assert answers[0].headers["cache-control"] == "no-store"  # asked too late
    assert "immutable" in answers[1].headers["cache-control"]


def test_a_finished_video_is_streamed_and_only_what_the_study_lists(
    client: TestClient, study: Path
) -> None:
    folder = study / "exports"
    folder.mkdir()
    for name, state in (("ready", "done"), ("half", "failed")):
        film = folder / f"{name}.mp4"
        film.write_bytes(bytes(range(256)))
        JobFile(folder / f"{name}.json", film).write(state)
    (folder / "stray.mp4").write_bytes(b"x")
    address = address_of(folder / "ready.mp4")
    part = client.get(address, headers={"Range": "bytes=10-19"})
    assert (part.status_code, part.content) == (206, bytes(range(10, 20)))
    assert "attachment" in part.headers["content-disposition"]
    assert part.headers["x-content-type-options"] == "nosniff"
    assert client.get(address).content == bytes(range(256))
    for name in (
        "half.mp4",
        "stray.mp4",
        "..%2Fstudy.duckdb",
        "%2e%2e%2fstudy.duckdb",
        "ready.json",
    ):
        assert client.get(f"/data/exports/{name}").status_code == 404
    assert client.get(address, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403


def test_a_click_on_an_animal_is_answered_with_its_outline(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab = tmp_path / "study"
    library.add(lab, write_video(tmp_path / "a.mp4", 12))
    monkeypatch.setattr(workplace, "_current", Workplace.of(lab))
    (x, y), other = positions(12, 2, 320, 240)[5]
    address = "/data/videos/1/click?frame=5&on="
    with TestClient(Starlette(routes=data_routes()), base_url="http://localhost:8501") as client:
        answer = client.get(f"{address}{x:.1f},{y:.1f}&off={other[0]:.1f},{other[1]:.1f}")
        told = answer.json()
        assert (answer.headers["cache-control"], told["engine"]) == ("no-store", clicking.BY_GRAY)
        mask = fill_polygon(np.array(told["polygon"]), 320, 240).astype(bool)
        rows, columns = np.mgrid[:240, :320]
        disc = (columns - x) ** 2 + (rows - y) ** 2 <= 81
        assert (mask & disc).sum() / (mask | disc).sum() >= 0.85
        for wrong in ("", "1", "a,b", "nan,1", "1,2,3", "1,1;" * 51, "3,3&frame=x", "3,3&frame=12"):
            refused = client.get(address + wrong)
            assert refused.status_code == 400 and refused.json()["error"]
        foreign = client.get(f"{address}9,9", headers={"Sec-Fetch-Site": "cross-site"})
        assert foreign.status_code == 403
        monkeypatch.setattr(review_routes, "who", lambda *_: Person("Vera", "viewer"))
        assert client.get(f"{address}9,9").status_code == 403


def test_the_address_of_the_bouts_changes_with_them(client: TestClient, study: Path) -> None:
    before = library.player_facts(study, 1)["urls"]["bouts"]
    assert library.player_facts(study, 1)["urls"]["bouts"] == before
    assert "immutable" in client.get(before).headers["cache-control"]
    with open_study(study, write=True) as opened:
        bouts = pd.DataFrame({"subject": ["animal1"], "start_frame": [7], "stop_frame": [9]})
        save_bouts(opened, 1, bouts, behaviour="run", source="human")
    after = library.player_facts(study, 1)["urls"]["bouts"]
    assert after != before
    assert len(client.get(after).json()["bouts"]) == 2


@pytest.mark.parametrize("path", ["file", "times", "overlay?start=0&stop=5", "bouts",
                                  "frame/0.jpg"])  # fmt: skip
def test_a_video_that_is_not_in_the_study_is_not_found(client: TestClient, path: str) -> None:
    answer = client.get(f"/data/videos/99/{path}")
    assert answer.status_code == 404
    assert "no video" in answer.json()["error"]


@pytest.mark.parametrize(
    "path",
    [
        "/data/videos/../../etc/passwd",
        "/data/videos/%2e%2e%2f%2e%2e%2fetc%2fpasswd/file",
        "/data/videos/clip/file",
        "/data/videos/1/file/../../study.duckdb",
        "/data/videos/-1/file",
    ],
)
def test_nothing_but_numbers_names_a_video(client: TestClient, path: str) -> None:
    assert client.get(path).status_code == 404


def test_a_page_of_another_site_may_not_read(client: TestClient) -> None:
    answer = client.get("/data/videos/1/file", headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403


def test_a_name_that_is_not_this_machines_is_refused(client: TestClient) -> None:
    answer = client.get("/data/videos/1/times", headers={"Host": "evil.example:8501"})
    assert answer.status_code == 421
    assert client.get("/data/videos/1/times", headers={"Host": "127.0.0.1:8501"}).is_success


@pytest.mark.parametrize(
    ("host", "own"),
    [
        ("localhost", True),
        ("LOCALHOST:8501", True),
        ("127.0.0.1:8501", True),
        ("[::1]:8501", True),
        ("192.168.3.4", True),
        ("lab.example.org:80", True),
        ("localhost.evil.example", False),
        ("127.0.0.1.evil.example", False),
        ("", False),
    ],
)
def test_which_host_names_are_this_machines(host: str, own: bool) -> None:
    assert is_own(host, own_names(["lab.example.org"])) is own


def test_a_busy_study_asks_the_player_to_come_back(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    from storage.study import StudyError

    def busy(*_: object) -> None:
        raise StudyError("The study s is in use by process 7: try again.")

    monkeypatch.setattr(library, "times_of", busy)
    answer = client.get("/data/videos/1/times")
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "1"


def test_a_file_that_was_moved_away_is_named(client: TestClient, study: Path) -> None:
    clip = study.parent / "clip.mp4"
    clip.rename(study.parent / "away.mp4")
    try:
        answer = client.get("/data/videos/1/file")
    finally:
        (study.parent / "away.mp4").rename(clip)
    assert answer.status_code == 404
    assert "clip" in answer.json()["error"]


def test_browsing_shows_videos_and_folders_and_stays_inside(study: Path) -> None:
    place = Workplace.of(study)
    listing = place.browse(study.parent)
    assert [path.name for path in listing.videos] == ["clip.mp4"]
    assert study not in listing.folders
    assert listing.parent is None
    for outside in (study.parent.parent, study.parent / ".." / "..", "/etc"):
        with pytest.raises(workplace.AppError, match="outside the folders"):
            place.browse(outside)


def test_a_link_does_not_lead_out_of_the_allowed_folders(study: Path, tmp_path: Path) -> None:
    link = study.parent / "way_out"
    link.symlink_to(tmp_path)
    try:
        with pytest.raises(workplace.AppError, match="outside the folders"):
            Workplace.of(study).browse(link)
    finally:
        link.unlink()


def test_roots_come_from_the_caller_and_the_environment(
    study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    monkeypatch.setenv("ETHOSCRIBE_ROOTS", str(other))
    assert Workplace.of(study, [tmp_path]).roots == (study.parent, tmp_path, other)
    with pytest.raises(workplace.AppError, match="No such folder"):
        Workplace.of(study, [tmp_path / "missing"])


def test_an_upload_gets_a_free_name_inside_the_study(tmp_path: Path) -> None:
    import io

    first = library.keep_upload(tmp_path, "../../a.mp4", io.BytesIO(b"one"))
    second = library.keep_upload(tmp_path, "a.mp4", io.BytesIO(b"two"))
    assert (first, second) == (tmp_path / "videos/a.mp4", tmp_path / "videos/a_2.mp4")
    with pytest.raises(workplace.AppError, match="does not look like a video"):
        library.keep_upload(tmp_path, "notes.txt", io.BytesIO(b""))


def test_names_cannot_smuggle_markup_into_a_page() -> None:
    assert words.plain("a*b*_[x](y)") == r"a\*b\*\_\[x\]\(y\)"
    assert words.in_words("time_s") == "time (s)"
    assert words.in_words("visits") == "visits"
    assert words.clock(3723.4) == "1:02:03"
    assert [words.spelled("latency_s", v) for v in (None, float("nan"), 1.23456)] == [
        "never",
        "never",
        "1.235",
    ]
    assert [words.spelled("mean_s", v) for v in (None, 1200, "x")] == ["none", "1,200", "x"]
