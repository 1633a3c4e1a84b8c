"""Which thresholds hold here, and what each rests on."""

from typing import Annotated, Any, Literal

from fastapi import Response
from pydantic import Field

from receivables.api.common import READERS_AND_ERP, Thresholds
from receivables.settings import Settings
from shared.platform.fields import Answer
from shared.platform.http import JsonResponse, Router

router = Router(prefix="/v1/settings-status", tags=["settings"])


class SettingStatusOut(Answer):
    """A threshold of the trade that is configured, not fixed."""

    name: str
    """Environment variable: RECEIVABLES_ and this name in upper case."""
    value: Any
    """What holds here."""
    default: Any
    """What holds without a setting."""
    is_default: bool
    """Whether the default holds."""
    status: Literal["V", "K", "INF"]
    """What the default rests on: V a source that was read, K general knowledge, INF our proposal."""
    source: str
    """Where the domain digest speaks of it."""
    description: str
    """What it is."""


class SettingsStatusOut(Answer):
    """All thresholds."""

    items: Annotated[list[SettingStatusOut], Field(max_length=100)]
    """The rows."""


@router.get("", operation_id="get_settings_status", policy=READERS_AND_ERP, answers=SettingsStatusOut)
async def get_settings_status(settings: Thresholds) -> Response:
    """Read the thresholds with their status: what is K or INF has to be confirmed by the company."""
    items = []
    for name, field in Settings.model_fields.items():
        extra = field.json_schema_extra
        if isinstance(extra, dict) and "status" in extra:
            value = getattr(settings, name)
            items.append(
                {
                    "name": name,
                    "value": value,
                    "default": field.default,
                    "is_default": value == field.default,
                    "status": extra["status"],
                    "source": extra["source"],
                    "description": field.description or "",
                }
            )
    return JsonResponse({"items": items})
