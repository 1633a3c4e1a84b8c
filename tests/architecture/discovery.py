"""What there is to look at: the repository's trees, the services and their documents."""

import ast
import importlib
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

from shared.platform.service import Service

ROOT = Path(__file__).resolve().parents[2]
SHARED = ROOT / "shared" / "src" / "shared"
GENERATED = frozenset({"versions", "published", ".venv", ".run", "node_modules", "__pycache__"})
"""Folders whose files nobody writes line by line, or that are not ours."""


@cache
def service_folders() -> tuple[Path, ...]:
    """Return the folders of the services: ``services/store-ops`` …."""
    return tuple(sorted(path.parent for path in (ROOT / "services").glob("*/pyproject.toml")))


def package_of(folder: Path) -> str:
    """Return the package of a service's folder."""
    return folder.name.replace("-", "_")


def source_of(folder: Path) -> Path:
    """Return the folder of a service's package."""
    return folder / "src" / package_of(folder)


@cache
def services() -> tuple[Service, ...]:
    """Return the declared services."""
    return tuple(
        importlib.import_module(f"{package_of(folder)}.main").service
        for folder in service_folders()
        if (source_of(folder) / "main.py").exists()
    )


_documents: dict[str, dict[str, Any]] = {}


def openapi(service: Service) -> dict[str, Any]:
    """Return the OpenAPI document of ``service``."""
    if service.name not in _documents:
        settings = service.settings(environment="test", public_url="http://service.test")  # As the plugin has it.
        _documents[service.name] = service.create_app(settings).openapi()
    return _documents[service.name]


def name_of(service: Service) -> str:
    """Return the name of a parametrised case."""
    return service.name


def python_files(*folders: Path) -> list[Path]:
    """Return the Python files below ``folders`` that somebody writes."""
    found = (path for folder in folders for path in folder.rglob("*.py"))
    return sorted(path for path in found if not GENERATED & set(path.relative_to(ROOT).parts))


def text_of(path: Path) -> str:
    """Return a file's text."""
    return path.read_text(encoding="utf-8")


def place(path: Path, line: int = 0) -> str:
    """Return a file and line as editors understand it."""
    shown = path.relative_to(ROOT) if path.is_relative_to(ROOT) else path
    return f"{shown}:{line}" if line else str(shown)


def listed(found: Iterable[str]) -> str:
    """Return findings one a line, for the message of a failed test."""
    return "\n".join(["", *sorted(found)])


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Yield the functions and methods of a module."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node
