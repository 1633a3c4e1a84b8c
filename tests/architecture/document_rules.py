"""Rules over the Markdown documents; each returns what breaks it."""

import re
from pathlib import Path

LINK = re.compile(r"\]\(([^)\s]+)\)")
CODE = re.compile(r"`([^`\n]+)`")
FENCED = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
PATH_LIKE = re.compile(r"^(docs|shared|services|deploy|tests|requirements)/[\w./-]*$")
MAKE = re.compile(r"\bmake ([a-z]+)\b")
CALL = re.compile(r"\b(GET|PUT|POST|DELETE|HEAD) (/v1/[^\s`?]+)")
DECISION_PARTS = ("Context", "Decision", "Consequences")
DECISION_NAME = re.compile(r"^(\d{4})-[a-z0-9]+(-[a-z0-9]+)*\.md$")
DECISION_LINES_MAX = 70


def dead_links(document: Path, text: str) -> list[str]:
    """Return relative links that lead nowhere."""
    targets = (target.partition("#")[0] for target in LINK.findall(text) if "://" not in target)
    return [target for target in targets if target and not (document.parent / target).exists()]


def missing_paths(document: Path, root: Path, text: str) -> list[str]:
    """Return paths in backticks that are neither below ``root`` nor beside the document; ``<name>`` is none."""
    paths = [code for code in CODE.findall(text) if PATH_LIKE.match(code)]
    return [path for path in paths if not (root / path).exists() and not (document.parent / path).exists()]


def unknown_targets(text: str, targets: set[str]) -> list[str]:
    """Return ``make`` targets in code that the Makefile does not have."""
    code = "\n".join([*CODE.findall(FENCED.sub("", text)), *FENCED.findall(text)])
    return [name for name in MAKE.findall(code) if name not in targets]


def unknown_calls(text: str, operations: set[str]) -> list[str]:
    """Return calls like ``GET /v1/stores/{id}`` that no service answers; what a parameter is called does not matter."""
    known = {_call(operation) for operation in operations}
    return [" ".join(call) for call in CALL.findall(text) if "<" not in call[1] and _call(" ".join(call)) not in known]


def _call(operation: str) -> str:
    return re.sub(r"\{[^}]*\}", "{}", operation).rstrip(".,;:)")


def malformed_decision(name: str, text: str) -> list[str]:
    """Return what keeps a document from being a decision record of one page."""
    found = [] if DECISION_NAME.match(name) else [f"{name}: not NNNN-title.md"]
    lines = text.splitlines()
    if not lines or not re.match(rf"^# {int(name[:4]) if name[:4].isdigit() else 0}\. \S", lines[0]):
        found.append(f"{name}: the first line is not '# {name[:4].lstrip('0')}. Title'")
    headings = re.findall(r"^## (.+)$", text, re.MULTILINE)
    found += [f"{name}: no part {part}" for part in DECISION_PARTS if part not in headings]
    if len(lines) > DECISION_LINES_MAX:
        found.append(f"{name}: {len(lines)} lines, a page has {DECISION_LINES_MAX}")
    return found


def unlisted(names: set[str], index: str) -> list[str]:
    """Return records that the index does not list, and those that it lists twice or out of order."""
    listed = [target for target in LINK.findall(index) if DECISION_NAME.match(target)]
    found = [f"{name}: not in the index" for name in sorted(names - set(listed))]
    if listed != sorted(set(listed)):
        found.append("the index is not in order, or lists a record twice")
    numbers = sorted(int(name[:4]) for name in names)
    if numbers != list(range(1, len(numbers) + 1)):
        found.append(f"numbers are not 1, 2, 3 …: {numbers}")
    return found
