"""`ethoscribe doctor` tells what is there, and never a secret."""

import json

import pytest
from terminal import ROOT, command, environment, ethoscribe

from app import doctor


def finding(name: str) -> doctor.Finding:
    """One finding of a fresh examination."""
    return next(one for one in doctor.examine().findings if one.name == name)


def test_a_healthy_base_ends_with_status_0():
    ended = ethoscribe("doctor")
    assert ended.status == 0
    assert "duckdb: " in ended.out
    assert "Everything that tracking, questions and exports need is here." in ended.out


def test_json_is_one_object_with_versions_and_what_is_missing():
    ended = ethoscribe("doctor", "--json")
    report = json.loads(ended.out)
    assert ended.status == 0 and report["ok"] is True and report["missing"] == []
    assert report["packages"]["duckdb"].count(".") >= 1
    assert {one["name"] for one in report["findings"]} >= {"python", "video decoding", "GPU"}


def test_a_missing_package_of_the_base_is_named_and_fails(monkeypatch):
    monkeypatch.setitem(doctor.BASE, "no-such-package", "no_such_module")
    report = doctor.examine()
    assert not report.ok
    assert report.missing == ["no-such-package"]
    assert report.verdict() == "To be mended: no-such-package."


def test_the_optional_models_may_be_absent(monkeypatch):
    monkeypatch.setattr(doctor, "MODELS", {"no-such-model": "no_such_module"})
    assert doctor.examine().ok
    assert finding("no-such-model").state == "absent"


def test_two_opencv_packages_are_reported(monkeypatch):
    owners = {"cv2": ["opencv-python", "opencv-python-headless"]}
    monkeypatch.setattr(doctor, "packages_distributions", lambda: owners)
    assert finding("one OpenCV").state == "broken"


def test_another_package_with_our_folder_name_is_reported(monkeypatch):
    monkeypatch.setattr(doctor, "packages_distributions", lambda: {"storage": ["somebody-else"]})
    assert "somebody-else" in finding("own environment").detail


@pytest.mark.parametrize("url", ["http://user:hidden@127.0.0.1:11434/v1?key=hidden", ""])
def test_the_key_of_a_model_endpoint_is_never_shown(monkeypatch, url):
    monkeypatch.setenv("OPENAI_API_KEY", "hidden")
    monkeypatch.setenv("OPENAI_BASE_URL", url)
    found = finding("model endpoint")
    assert found.state == "ok" and "with a key" in found.detail
    assert "hidden" not in str(doctor.examine().to_json())


def test_torch_is_not_imported_where_it_is_not_installed():
    import subprocess

    code = "import sys, app.doctor as d; d.examine(); print('torch' in sys.modules)"
    ended = subprocess.run(
        [command()[0], "-c", code], cwd=ROOT, env=environment(), capture_output=True, text=True
    )
    import importlib.util

    assert ended.stdout.strip() == str(importlib.util.find_spec("torch") is not None)
