"""Networks in a study: never written over, never lost, and what they were made of is kept."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from storage.errors import StudyError
from storage.networks import (
    Network,
    find_network,
    network_file,
    networks,
    register_network,
    restore_network,
    withdraw_network,
)
from storage.study import Study, open_study


@pytest.fixture
def study(tmp_path: Path) -> Iterator[Study]:
    with open_study(tmp_path / "s", create=True) as opened:
        yield opened


def register(study: Study, folder: Path, content: bytes, **changed) -> Network:
    source = folder / "best.pt"
    source.write_bytes(content)
    facts = {"kind": "pt", "classes": ["mouse", "rat"], "author": "kim"}
    return register_network(study, changed.pop("name", "mice"), source, **{**facts, **changed})


def test_what_is_registered_is_found_again_whole(study: Study, tmp_path: Path) -> None:
    frames = [{"video": "a", "frame": 7, "revision": 3, "use": "train"}]
    made = register(
        study, tmp_path, b"weights", trained_on=frames, settings={"epochs": 60},
        metrics={"mask_ap50": 0.9, "loss": float("nan")}, parent="mice:1", round=2,
        duration_s=12.5, versions={"torch": "2"},
    )  # fmt: skip
    found = find_network(study, "mice")
    assert found == made and found.key == "mice:1" and found.classes == ("mouse", "rat")
    assert found.trained_on == frames and found.settings == {"epochs": 60}
    assert found.metrics == {"mask_ap50": 0.9, "loss": None}
    assert (found.parent, found.round, found.duration_s, found.bytes) == ("mice:1", 2, 12.5, 7)
    assert found.path.is_relative_to(study.folder / "networks" / "mice")
    assert network_file(found).read_bytes() == b"weights"


def test_the_same_name_is_another_version_and_no_file_is_written_over(
    study: Study, tmp_path: Path
) -> None:
    first, second = (register(study, tmp_path, content) for content in (b"one", b"two"))
    assert (first.version, second.version) == (1, 2)
    assert find_network(study, "mice").version == 2
    assert network_file(find_network(study, "mice:1")).read_bytes() == b"one"
    with pytest.raises(StudyError, match="mice:1 has pt weights already"):
        register(study, tmp_path, b"three", version=1)
    assert network_file(first).read_bytes() == b"one"


def test_exports_belong_to_their_version(study: Study, tmp_path: Path) -> None:
    register(study, tmp_path, b"one")
    folder = tmp_path / "best_openvino"
    folder.mkdir()
    (folder / "m.xml").write_bytes(b"<net>")
    (folder / "m.bin").write_bytes(b"1234")
    made = register_network(
        study, "mice", folder, kind="openvino", classes=["mouse"], author="kim", version=1
    )
    assert made.key == "mice:1" and made.bytes == 9
    assert (network_file(made) / "m.bin").read_bytes() == b"1234"
    assert find_network(study, "mice").kind == "pt"
    assert find_network(study, "mice", kind="openvino") == made
    with pytest.raises(StudyError, match=r"mice:1 has no onnx weights, only pt, openvino"):
        find_network(study, "mice", kind="onnx")


def test_a_deleted_network_can_come_back_and_its_number_is_not_taken(
    study: Study, tmp_path: Path
) -> None:
    for content in (b"one", b"two"):
        register(study, tmp_path, content)
    gone = withdraw_network(study, "mice", author="kim")
    assert gone.version == 2 and gone.path.is_file()
    assert [one.key for one in networks(study)] == ["mice:1"]
    assert [one.key for one in networks(study, withdrawn=True)] == ["mice:1", "mice:2"]
    assert register(study, tmp_path, b"three").version == 3
    assert restore_network(study, "mice", author="kim").version == 2
    with pytest.raises(StudyError, match="no deleted network"):
        restore_network(study, "mice", author="kim")


def test_what_is_wrong_is_one_line(study: Study, tmp_path: Path) -> None:
    with pytest.raises(StudyError, match="none, make one with ethoscribe train"):
        find_network(study, "mice")
    made = register(study, tmp_path, b"one")
    with pytest.raises(StudyError, match=r"no network 'rats'. It has: mice:1"):
        find_network(study, "rats")
    with pytest.raises(StudyError, match=r"cannot be called '../x'"):
        register(study, tmp_path, b"one", name="../x")
    with pytest.raises(StudyError, match="no weights at"):
        register_network(study, "a", tmp_path / "no.pt", kind="pt", classes=[], author="")
    with pytest.raises(StudyError, match="no kind of weights 'tf'"):
        register(study, tmp_path, b"one", kind="tf")
    made.path.write_bytes(b"other")
    with pytest.raises(StudyError, match="the file was changed"):
        network_file(made)
    made.path.unlink()
    with pytest.raises(StudyError, match=r"not at .* any more"):
        network_file(made)
