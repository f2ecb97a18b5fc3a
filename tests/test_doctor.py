"""`ethoscribe doctor` tells what is there, and never a secret."""

import json

import pytest
from openai_server import KEY, Fail, Raw, Say, serving
from terminal import ROOT, command, environment, ethoscribe

from app import doctor
from llm_query.models import model_settings


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


def test_how_animals_are_told_apart_is_said(monkeypatch):
    monkeypatch.setattr(doctor.importlib.util, "find_spec", lambda name: None)
    without = doctor._identities()
    assert without.state == "ok" and "descriptors" in without.detail and "models" in without.hint
    monkeypatch.setattr(doctor.importlib.util, "find_spec", lambda name: name)
    assert "contrastive" in doctor._identities().detail


def test_two_opencv_packages_are_reported(monkeypatch):
    owners = {"cv2": ["opencv-python", "opencv-python-headless"]}
    monkeypatch.setattr(doctor, "packages_distributions", lambda: owners)
    assert finding("one OpenCV").state == "broken"


def test_another_package_with_our_folder_name_is_reported(monkeypatch):
    monkeypatch.setattr(doctor, "packages_distributions", lambda: {"storage": ["somebody-else"]})
    assert "somebody-else" in finding("own environment").detail


@pytest.mark.parametrize("url", ["http://user:hidden@127.0.0.1:9/v1?key=hidden", ""])
def test_the_key_of_a_model_endpoint_is_never_shown(monkeypatch, url):
    monkeypatch.setattr(model_settings, "OPENAI", "http://127.0.0.1:9/v1")  # nobody is there
    monkeypatch.setenv("OPENAI_API_KEY", "hidden")
    monkeypatch.setenv("OPENAI_BASE_URL", url)
    found = finding("model endpoint")
    assert found.state == "absent" and "127.0.0.1:9, with a key" in found.detail
    assert "cannot be reached" in found.detail
    assert "hidden" not in str(doctor.examine().to_json())


@pytest.mark.parametrize(
    ("script", "model", "state", "said"),
    [
        (Say(""), "test-model", "ok", "answers, has test-model"),
        (Say(""), "", "ok", "answers, has other, test-model"),
        (Say(""), "missing", "absent", "has no model 'missing'"),
        (Fail(401, f"wrong key {KEY}"), "test-model", "absent", "refuses the key"),
        (Raw(b"<html>", "text/html"), "test-model", "ok", "answers"),
    ],
)
def test_the_model_endpoint_is_asked_what_it_has(monkeypatch, script, model, state, said):
    with serving(script, models=("test-model", "other")) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        monkeypatch.setenv("OPENAI_API_KEY", KEY)
        monkeypatch.setenv("ETHOSCRIBE_MODEL", model)
        found = doctor._endpoint()
    assert found.state == state and said in found.detail
    assert "127.0.0.1" in found.detail and KEY not in found.line()
    assert server.asked == []  # nothing that costs anything


def test_a_mistake_in_the_settings_of_the_model_is_said(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "ethoscribe.toml").write_text("[model\n")
    found = doctor._endpoint()
    assert found.state == "broken" and "not valid TOML" in found.detail


def test_torch_is_not_imported_where_it_is_not_installed():
    import subprocess

    code = "import sys, app.doctor as d; d.examine(); print('torch' in sys.modules)"
    ended = subprocess.run(
        [command()[0], "-c", code], cwd=ROOT, env=environment(), capture_output=True, text=True
    )
    import importlib.util

    assert ended.stdout.strip() == str(importlib.util.find_spec("torch") is not None)
