"""Which migration is the newest, told from the scripts' texts: a serving process need not load Alembic to know."""

import re
from pathlib import Path

REVISION = re.compile(r"^revision\b[^=\n]*=\s*[\"']([^\"']+)[\"']", re.MULTILINE)
BEFORE = re.compile(r"^down_revision\b[^=\n]*=\s*[\"']([^\"']+)[\"']", re.MULTILINE)


def head_revision(migrations: Path) -> str:
    """Return the revision in ``migrations/versions`` that no other one follows.

    Raises:
        ValueError: there is none, or more than one.
    """
    texts = [path.read_text(encoding="utf-8") for path in sorted((migrations / "versions").glob("*.py"))]
    heads: set[str] = {name for text in texts for name in REVISION.findall(text)}
    heads -= {name for text in texts for name in BEFORE.findall(text)}
    if len(heads) != 1:
        raise ValueError(f"{migrations} has {len(heads)} newest revisions: {sorted(heads)}")
    return heads.pop()
