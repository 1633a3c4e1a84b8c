"""The repository's shape: four services alike, tools that know all of them, requirements that are pinned."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from tests.architecture.discovery import ROOT, listed, package_of, service_folders, services, source_of, text_of

FOLDERS = ("domain", "db", "api", "events", "events/published")
TEST_FOLDERS = ("domain", "api", "events", "migrations")
PINNED = re.compile(r"^[a-z0-9][a-z0-9._-]*(\[[a-z0-9,_-]+\])?==\S+")
NAME = re.compile(r"^[A-Za-z0-9._-]+")
MACHINE_PATH = re.compile(r"(?<![\w.])(/home/\w|/Users/\w|/root/\w|[A-Z]:\\\\Users)")


@pytest.fixture(scope="module")
def pyproject() -> dict[str, Any]:
    return tomllib.loads(text_of(ROOT / "pyproject.toml"))


def packages() -> list[str]:
    return [package_of(folder) for folder in service_folders()]


def names_in(requirements: str) -> set[str]:
    """Return the normalised names of the packages in a requirements file or list."""
    lines = (line.strip() for line in requirements.splitlines())
    matches = (NAME.match(line) for line in lines if line and not line.startswith(("#", "-")))
    return {re.sub(r"[-_.]+", "-", match.group()).lower() for match in matches if match}


def unpinned(requirements: str) -> list[str]:
    """Return requirements without version or hash, and options that would bring in something else."""
    entries = re.sub(r"\\\n\s*", " ", requirements).splitlines()
    entries = [entry.strip() for entry in entries if entry.strip() and not entry.strip().startswith("#")]
    return [entry for entry in entries if not PINNED.match(entry) or "--hash=sha256:" not in entry]


def test_every_folder_of_services_is_a_service():
    assert len(services()) == len(service_folders()) == 4


@pytest.mark.parametrize("folder", service_folders(), ids=lambda folder: folder.name)
def test_services_have_the_same_shape(folder: Path):
    expected = [source_of(folder) / name for name in (*FOLDERS, "main.py", "settings.py", "py.typed")]
    expected += [folder / "tests" / name for name in TEST_FOLDERS]
    expected += [folder / "migrations" / "env.py", folder / "pyproject.toml"]
    found = [str(path.relative_to(ROOT)) for path in expected if not path.exists()]
    assert not found, listed(found)


@pytest.mark.parametrize("folder", service_folders(), ids=lambda folder: folder.name)
def test_migrations_run_through_the_platform_only(folder: Path):
    lines = [line for line in text_of(folder / "migrations" / "env.py").splitlines() if line and line[0] != '"']
    assert lines == ["from shared.platform.migrate import run", "run()"]


def test_the_tools_know_every_package(pyproject: dict[str, Any]):
    tool, every = pyproject["tool"], set(packages())
    walls = {contract["name"]: contract for contract in tool["importlinter"]["contracts"]}
    assert every <= set(tool["importlinter"]["root_packages"])
    assert every == set(walls["Services know nothing of one another"]["modules"])
    assert every == set(walls["Inside a service the layers point downwards"]["containers"])
    assert walls["Inside a service the layers point downwards"]["exhaustive"]
    assert {f"{name}.domain" for name in every} == set(
        walls["The domain is pure: standard library and shared.kernel"]["source_modules"]
    )
    assert {*every, "shared"} == set(tool["coverage"]["run"]["source_pkgs"])
    tests = {str(folder.relative_to(ROOT) / "tests") for folder in service_folders()}
    assert {*tests, "shared/tests", "tests"} == set(tool["pytest"]["ini_options"]["testpaths"])


def test_warnings_are_errors_and_types_are_strict(pyproject: dict[str, Any]):
    tool = pyproject["tool"]
    assert tool["pytest"]["ini_options"]["filterwarnings"] == ["error"]
    assert tool["pytest"]["ini_options"]["xfail_strict"]
    assert tool["mypy"]["strict"]
    assert "unittest.mock" in tool["ruff"]["lint"]["flake8-tidy-imports"]["banned-api"]


@pytest.mark.parametrize("name", ["run", "dev"])
def test_requirements_are_pinned_by_hash(name: str):
    pinned = text_of(ROOT / "requirements" / f"{name}.txt")
    found = unpinned(pinned)
    assert not found, listed(found)
    missing = names_in(text_of(ROOT / "requirements" / f"{name}.in")) - names_in(pinned)
    assert not missing, listed(missing)


def test_packages_depend_on_nothing_that_is_not_pinned():
    pinned = names_in(text_of(ROOT / "requirements" / "run.txt")) | {"gondola-shared"}
    for path in (ROOT / "shared" / "pyproject.toml", *(folder / "pyproject.toml" for folder in service_folders())):
        wanted = tomllib.loads(text_of(path))["project"]["dependencies"]
        missing = names_in("\n".join(wanted)) - pinned
        assert not missing, listed(f"{path.relative_to(ROOT)}: {name}" for name in missing)


def test_every_target_of_the_makefile_is_explained():
    text = text_of(ROOT / "Makefile")
    phony = set(re.search(r"^\.PHONY: (.+)$", text, re.MULTILINE).group(1).split())  # type: ignore[union-attr]
    explained = set(re.findall(r"^([a-z]+):.*## \S", text, re.MULTILINE))
    assert phony == explained


def test_no_file_names_a_place_on_somebodys_machine():
    kinds = {".py", ".md", ".toml", ".sql", ".json", ".in", ".txt", ".yml", ".yaml", ".ini", ""}
    skipped = {".venv", ".git", ".run", "__pycache__", ".mypy_cache", ".ruff_cache", ".hypothesis", ".pytest_cache"}
    paths = (path for path in ROOT.rglob("*") if path.suffix in kinds and path.is_file())
    found = [
        str(path.relative_to(ROOT))
        for path in paths
        if not skipped & set(path.relative_to(ROOT).parts) and MACHINE_PATH.search(path.read_text(errors="replace"))
    ]
    assert not found, listed(found)


@pytest.mark.parametrize(
    "line",
    [
        "httpx",
        "httpx==0.28.1",
        "httpx>=0.28 --hash=sha256:00",
        "--index-url https://example.com",
        "git+https://example.com/a.git",
        "./wheels/a.whl --hash=sha256:00",
    ],
)
def test_an_unpinned_requirement_is_found(line: str):
    assert unpinned(f"# ok\n{line}\n")


def test_a_pinned_requirement_passes():
    assert not unpinned(
        "uvicorn[standard]==1.0 ; python_version > '3' \\\n    --hash=sha256:00 \\\n    --hash=sha256:01"
    )
    assert names_in("-r run.in\n# no\nPyJWT[crypto]>=2\nzope.interface==1") == {"pyjwt", "zope-interface"}


@pytest.mark.parametrize("text", ["see " + "/home" + "/anna/x", "'" + "/Users" + "/anna'", "open('" + "/root" + "/x')"])
def test_a_place_on_a_machine_is_found(text: str):
    assert MACHINE_PATH.search(text)
