"""The rules between the packages, and between the code, its documents and its installation."""

import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import grimp
import pytest
from typer.main import get_command

import app
from app.cli import app as command_line

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("app", "tracking", "llm_query", "storage", "assets")
HEAVY = ("av", "cv2", "duckdb", "numpy", "openai", "pandas", "plotly", "pyarrow", "scipy")
HEAVY += ("rich", "streamlit", "torch")
PAGES = ("app.main", "app.player", "app.views")


@pytest.fixture(scope="module")
def graph() -> grimp.ImportGraph:
    """Which module imports which, outsiders included."""
    return grimp.build_graph(*PACKAGES, include_external_packages=True)


@pytest.fixture(scope="module")
def project() -> dict:
    """pyproject.toml."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def commands() -> dict[str, str]:
    """Every command as it is typed, with its help text."""

    def walk(command, name: str) -> dict[str, str]:
        below = getattr(command, "commands", None)
        if below is None:
            return {name: command.help or ""}
        found: dict[str, str] = {}
        for key, sub in below.items():
            found |= walk(sub, f"{name} {key}")
        return found

    return walk(get_command(command_line), "ethoscribe")


def test_the_layers_hold():
    ended = subprocess.run(
        [sys.executable, "-c", "from importlinter.cli import lint_imports_command as c; c()"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr


def test_only_the_pages_import_streamlit(graph):
    importers = graph.find_modules_that_directly_import("streamlit")
    strangers = {one for one in importers if not one.startswith(PAGES)}
    assert strangers == set()


def test_tracking_knows_no_other_package(graph):
    others = {"app", "storage", "llm_query"}
    found = {
        (module, imported)
        for module in graph.modules
        if module.split(".")[0] == "tracking"
        for imported in graph.find_modules_directly_imported_by(module)
        if imported.split(".")[0] in others
    }
    assert found == set()


def test_no_other_distribution_owns_our_folder_names():
    owners = packages_distributions()
    for name in PACKAGES:
        assert set(owners.get(name, [])) <= {"ethoscribe"}, f"{name} belongs to {owners[name]}"


def test_the_command_line_starts_without_heavy_imports():
    code = "import sys, app.cli; print(*[name for name in sys.modules if '.' not in name])"
    ended = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert sorted(set(HEAVY) & set(ended.stdout.split())) == []


def test_the_packages_that_are_built_are_the_five(project):
    assert set(project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]) == set(PACKAGES)
    assert project["project"]["scripts"] == {"ethoscribe": "app.cli:main"}


def test_the_base_install_has_no_torch(project):
    base = " ".join(project["project"]["dependencies"])
    constraints = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    assert "torch" not in base
    assert "torch==" not in constraints
    assert "torch==2.13.0" in project["project"]["optional-dependencies"]["models"]


def test_every_dependency_is_locked_to_one_version(project):
    locked = {
        line.partition("==")[0].lower().replace("_", "-")
        for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
        if "==" in line
    }
    wanted = project["project"]["dependencies"] + project["project"]["optional-dependencies"]["dev"]
    names = {line.split(">")[0].split("<")[0].split("=")[0].strip().lower() for line in wanted}
    assert names <= locked


def test_every_package_that_is_imported_is_declared(graph, project):
    owners = packages_distributions()
    declared = " ".join(project["project"]["dependencies"])
    extras = project["project"]["optional-dependencies"]
    optional = " ".join(one for extra in extras.values() for one in extra)
    for module in graph.modules:
        if not graph.is_module_squashed(module) or module in sys.stdlib_module_names:
            continue
        names = owners.get(module, [module, module.replace("_", "-")])
        assert any(f"{name.lower()}>" in declared or name in optional for name in names), module


def test_the_locked_versions_name_no_place():
    for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines():
        assert line.startswith("#") or ("==" in line and "/" not in line and "@" not in line), line


def test_the_changelog_speaks_of_this_version():
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert f"## {app.__version__}" in changelog


def test_every_command_is_in_the_readme():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for name in commands():
        assert name in readme, f"README.md does not mention `{name}`"


def test_every_command_has_an_example_that_starts_with_its_name():
    for name, text in commands().items():
        assert "Example:" in text, f"{name} --help has no example"
        example = text.partition("Example:")[2].split("\n")[1].strip()
        assert example.startswith(name), f"{name} --help shows: {example}"
