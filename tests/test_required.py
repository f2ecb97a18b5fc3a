"""Nothing that CI should test is skipped there unseen."""

import re
from pathlib import Path

import pytest
from required import missing, required

TESTS = Path(__file__).parent
FAILED, SKIPPED = pytest.fail.Exception, pytest.skip.Exception


@pytest.mark.parametrize(("ci", "outcome"), [("true", FAILED), ("false", SKIPPED), ("", SKIPPED)])
def test_what_is_missing_fails_on_ci_and_is_skipped_elsewhere(
    monkeypatch: pytest.MonkeyPatch, ci: str, outcome: type[BaseException]
) -> None:
    monkeypatch.setenv("CI", ci)
    with pytest.raises(outcome, match="no Chromium"):
        missing("no Chromium")
    with pytest.raises(outcome, match="nowhere_to_be_found is not installed"):
        required("nowhere_to_be_found")
    assert required("json").loads("1") == 1


def test_no_test_skips_a_missing_module_by_itself() -> None:
    word = "import" + "orskip"
    assert [path.name for path in TESTS.rglob("*.py") if word in path.read_text("utf-8")] == []


def test_the_installer_and_the_tests_look_for_the_same_browsers() -> None:
    installer = (TESTS / "browser" / "install.sh").read_text("utf-8")
    names = re.search(r"for name in (.+); do", installer)
    tried = re.search(r"BROWSERS = \((.+)\)", (TESTS / "browser" / "browser_server.py").read_text())
    assert names is not None and tried is not None
    assert re.findall(r"[\w-]+", tried[1]) == names[1].split()
