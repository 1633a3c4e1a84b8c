"""Fee kinds 费用科目: the codes, their Chinese terms and how the law looks at them."""

from typing import Annotated

from pydantic import Field
from starlette.responses import Response

from contracts.api.common import READERS
from contracts.domain.fee_kinds import FeeKind, LegalFlag
from shared.platform.fields import Answer
from shared.platform.http import Router, json_response

router = Router(prefix="/v1/fee-kinds", tags=["fee kinds"])


class FeeKindOut(Answer):
    """A fee kind."""

    code: FeeKind
    """What term lines name it by."""
    chinese: str
    """The trade's own term."""
    legal_flag: LegalFlag
    """ordinary; service: only as a promotion service 促销服务费 with proof; forbidden: on the list of 2011."""


class FeeKinds(Answer):
    """All fee kinds."""

    items: Annotated[list[FeeKindOut], Field(max_length=len(FeeKind))]
    """One entry each."""


@router.get("", operation_id="list_fee_kinds", policy=READERS, answers=FeeKinds)
async def list_fee_kinds() -> Response:
    """List the fee kinds."""
    kinds = [{"code": kind, "chinese": kind.note.chinese, "legal_flag": kind.note.flag} for kind in FeeKind]
    return json_response({"items": kinds})
