"""Which thresholds hold here, and how well each is founded."""

from typing import Annotated

from pydantic import Field
from starlette.responses import Response

from promotions.api.common import READERS, Chosen
from promotions.settings import THRESHOLD_FIELDS, Settings
from shared.platform.fields import Answer
from shared.platform.http import Router, json_response

router = Router(prefix="/v1/settings-status", tags=["settings"])


class ThresholdOut(Answer):
    """A threshold of the trade that is a setting, because no source fixes it."""

    name: str
    """Setting; its environment variable is ``PROMOTIONS_`` and this in capitals."""
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

    items: Annotated[tuple[ThresholdOut, ...], Field(max_length=len(THRESHOLD_FIELDS))]
    """One entry each."""


@router.get("", operation_id="get_settings_status", policy=READERS, answers=SettingsStatusOut)
async def get_settings_status(settings: Chosen) -> Response:
    """Return the thresholds that this service decides with, each with its status in the domain digest."""
    return json_response({"items": [_threshold(name, settings) for name in THRESHOLD_FIELDS]})


def _threshold(name: str, settings: Settings) -> dict[str, str]:
    field = Settings.model_fields[name]
    status, _, meaning = (field.description or "").removeprefix("[").partition("] ")
    value, default = str(getattr(settings, name)), str(field.default)
    return {"name": name, "value": value, "default": default, "status": status, "meaning": meaning}
