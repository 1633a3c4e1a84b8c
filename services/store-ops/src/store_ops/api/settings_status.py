"""Which thresholds hold here, and how well each is founded."""

from typing import Annotated

from fastapi import Request, Response
from pydantic import Field

from shared.platform.fields import Answer
from shared.platform.http import Router, json_response
from store_ops.api.common import READERS
from store_ops.settings import THRESHOLD_FIELDS, Settings

router = Router(prefix="/v1/settings-status", tags=["settings"])


class ThresholdOut(Answer):
    """A threshold of the trade that is a setting, because no source fixes it."""

    name: str
    """Setting; its environment variable is ``STORE_OPS_`` and this in capitals."""
    value: str
    """What holds here."""
    default: str
    """What is proposed."""
    status: str
    """``INF``: a proposed default; ``K``: general professional knowledge, not verified (domain digest)."""
    meaning: str
    """What it decides, with its unit."""


class SettingsStatusOut(Answer):
    """The thresholds."""

    items: Annotated[list[ThresholdOut], Field(max_length=len(THRESHOLD_FIELDS))]
    """One entry each."""


@router.get("", operation_id="get_settings_status", policy=READERS, answers=SettingsStatusOut)
async def get_settings_status(request: Request) -> Response:
    """Return the thresholds that verdicts are made with, each with its status in the domain digest."""
    settings: Settings = request.app.state.settings
    items = []
    for name in THRESHOLD_FIELDS:
        field = Settings.model_fields[name]
        status, _, meaning = (field.description or "").removeprefix("[").partition("] ")
        items.append(
            {
                "name": name,
                "value": str(getattr(settings, name)),
                "default": str(field.default),
                "status": status,
                "meaning": meaning,
            }
        )
    return json_response({"items": items})
