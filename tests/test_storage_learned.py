"""Learned behaviours in a study: whole, in versions, and in a study of before there were any."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from test_storage_schema import make

from storage import learned as module
from storage import schema
from storage.errors import StudyError
from storage.learned import (
    Learned,
    delete_learned,
    find_learned,
    learned_behaviours,
    learned_names,
    save_learned,
)
from storage.study import open_study

AT = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)


def behaviour(name: str = "rearing", **changed) -> Learned:
    facts = {
        "name": name, "version": 0, "behaviour": "rear", "annotator": None, "target_kind": "none",
        "length_unit": "body lengths (outline)", "features": ["speed"], "model": b"\x00npz",
        "settings": {"decision": {"min_probability": 0.5}}, "report": {"kappa": 0.9},
        "trained_on": [{"video": "Étude", "seconds": 60.0}], "versions": {"numpy": "2.4"},
        "created_at": AT,
    }  # fmt: skip
    return Learned(**(facts | changed))


def test_what_is_saved_is_found_again_whole(tmp_path: Path) -> None:
    with open_study(tmp_path, create=True) as study:
        assert save_learned(study, behaviour()) == 1
    with open_study(tmp_path) as study:
        assert find_learned(study, "rearing") == behaviour(version=1)


def test_training_again_is_another_version_and_the_old_one_stays(tmp_path: Path) -> None:
    with open_study(tmp_path, create=True) as study:
        versions = [save_learned(study, behaviour(model=bytes([k]))) for k in range(3)]
        assert versions == [1, 2, 3]
        assert find_learned(study, "rearing").model == b"\x02"
        assert find_learned(study, "rearing", 1).model == b"\x00"
        assert learned_names(study) == ["rearing"]


def test_a_number_that_is_unknown_is_kept_as_null(tmp_path: Path) -> None:
    with open_study(tmp_path, create=True) as study:
        report = {"kappa": float("nan"), "folds": [{"frame_f1": float("inf")}]}
        save_learned(study, behaviour(report=report))
        kept = find_learned(study, "rearing").report
        assert kept == {"kappa": None, "folds": [{"frame_f1": None}]}


def test_deleting_takes_one_version_or_all(tmp_path: Path) -> None:
    with open_study(tmp_path, create=True) as study:
        for _ in range(3):
            save_learned(study, behaviour())
        assert delete_learned(study, "rearing", 2) == 1
        assert [one.version for one in learned_behaviours(study)] == [1, 3]
        assert delete_learned(study, "rearing") == 2
        with pytest.raises(StudyError, match="no learned behaviour 'rearing'"):
            delete_learned(study, "rearing")


def test_what_cannot_be_kept_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_MODEL_BYTES", 3)
    with open_study(tmp_path, create=True) as study:
        with pytest.raises(StudyError, match="train it with fewer trees"):
            save_learned(study, behaviour())
        with pytest.raises(StudyError, match="needs a name"):
            save_learned(study, behaviour(" "))


def test_a_study_of_before_is_brought_up_to_date(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = tmp_path / "migrations"
    before.mkdir()
    for file in sorted(schema.MIGRATIONS.glob("000[23]_*.sql")):
        (before / file.name).write_text(file.read_text(encoding="utf-8"), encoding="utf-8")
    now = schema.MIGRATIONS
    monkeypatch.setattr(schema, "MIGRATIONS", before)
    folder = make(tmp_path / "s")
    with open_study(folder) as study:
        assert schema.version(study.connection) == 3
    monkeypatch.setattr(schema, "MIGRATIONS", now)
    with open_study(folder) as study:
        assert schema.version(study.connection) == schema.latest() >= 4
        assert learned_behaviours(study) == []
    with open_study(folder, write=True) as study:
        assert save_learned(study, behaviour()) == 1
