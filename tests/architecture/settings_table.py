"""The table of settings in docs/operations.md; run as a module to write it anew."""

from collections.abc import Iterator
from typing import Any

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from shared.platform.settings import ServiceSettings
from tests.architecture.discovery import ROOT, services, text_of

DOCUMENT = ROOT / "docs" / "operations.md"
BEGIN, END = "<!-- settings -->", "<!-- /settings -->"


def rows() -> Iterator[tuple[str, str, str]]:
    """Yield variable, default and meaning: the common settings, then those of each service."""
    for name, field in ServiceSettings.model_fields.items():
        yield f"GONDOLA_{name.upper()}", _default(field), _meaning(field)
    for service in services():
        prefix = str(service.settings.model_config.get("env_prefix", ""))
        for name, field in service.settings.model_fields.items():
            if name not in ServiceSettings.model_fields:
                yield f"{prefix}{name.upper()}", _default(field), _meaning(field)


def table() -> str:
    """Return the table in Markdown."""
    lines = ["| variable | default | meaning |", "|---|---|---|"]
    return "\n".join([*lines, *(f"| `{name}` | {default} | {meaning} |" for name, default, meaning in rows())])


def shown() -> str:
    """Return the table as the document has it."""
    return text_of(DOCUMENT).partition(BEGIN)[2].partition(END)[0].strip()


def write() -> None:
    """Put the table into the document."""
    before, _, rest = text_of(DOCUMENT).partition(BEGIN)
    DOCUMENT.write_text(f"{before}{BEGIN}\n{table()}\n{END}{rest.partition(END)[2]}", encoding="utf-8")


def undescribed(settings: type[ServiceSettings]) -> list[str]:
    """Return settings that nothing describes."""
    return [name for name, field in settings.model_fields.items() if not (field.description or "").strip()]


def _default(field: FieldInfo) -> str:
    value: Any = field.get_default(call_default_factory=True, validated_data={})
    if isinstance(value, SecretStr):
        value = value.get_secret_value()
    return f"`{value}`" if value not in ("", (), None) else ""


def _meaning(field: FieldInfo) -> str:
    return " ".join((field.description or "").replace("``", "`").replace("|", "\\|").split())


if __name__ == "__main__":
    write()
