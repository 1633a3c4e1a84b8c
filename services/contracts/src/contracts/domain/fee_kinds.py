"""The fee kinds of the trade, with their Chinese terms and how the law looks at them."""

from dataclasses import dataclass
from enum import StrEnum


class LegalFlag(StrEnum):
    """How a fee stands with the Order 17 rules and the rectification of 2011 (domain digest 2.1 and 3)."""

    ORDINARY = "ordinary"
    """L0: a term of price."""
    SERVICE = "service"
    """L1: only as a promotion service 促销服务费 with agreed service and proof."""
    FORBIDDEN = "forbidden"
    """L2: on the forbidden list of 2011; warn whoever drafts it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FeeKindNote:
    """What is to be known about a fee kind."""

    chinese: str
    flag: LegalFlag


class FeeKind(StrEnum):
    """What a fee is for: the codes of domain digest 2.1."""

    INVOICE_DISCOUNT = "invoice_discount"
    UNCONDITIONAL_REBATE = "unconditional_rebate"
    TIER_REBATE = "tier_rebate"
    REBATE_CYCLE = "rebate_cycle"
    EARLY_PAYMENT_DISCOUNT = "early_payment_discount"
    DAMAGE_ALLOWANCE = "damage_allowance"
    NO_RETURN_ALLOWANCE = "no_return_allowance"
    DC_DISCOUNT = "dc_discount"
    DELIVERY_FEE = "delivery_fee"
    NEW_VENDOR_FEE = "new_vendor_fee"
    NEW_ITEM_FEE = "new_item_fee"
    SLOTTING_FEE = "slotting_fee"
    FLOOR_DISPLAY_FEE = "floor_display_fee"
    TG_FEE = "tg_fee"
    DM_FEE = "dm_fee"
    DISPLAY_PACKAGE = "display_package"
    MIN_GUARANTEE = "min_guarantee"
    FESTIVAL_FEE = "festival_fee"
    ANNIVERSARY_FEE = "anniversary_fee"
    NEW_STORE_FEE = "new_store_fee"
    REFIT_FEE = "refit_fee"
    PROMOTER_FEE = "promoter_fee"
    IT_FEE = "it_fee"
    DATA_FEE = "data_fee"
    PRICE_COMPENSATION = "price_compensation"
    RETURN_HANDLING_FEE = "return_handling_fee"
    RETURN_ALLOWANCE = "return_allowance"
    MARGIN_GUARANTEE = "margin_guarantee"
    PENALTY_SHORT_DELIVERY = "penalty_short_delivery"
    PENALTY_LATE_DELIVERY = "penalty_late_delivery"
    PENALTY_NO_DELIVERY = "penalty_no_delivery"
    PENALTY_DEFECT = "penalty_defect"
    PENALTY_UNCOLLECTED_RETURN = "penalty_uncollected_return"
    PENALTY_DISPLAY_BREACH = "penalty_display_breach"
    PENALTY_DISHONESTY = "penalty_dishonesty"
    PENALTY_LATE_DATA = "penalty_late_data"

    @property
    def note(self) -> FeeKindNote:
        """Chinese term and legal flag."""
        return NOTES[self]


def _notes(flag: LegalFlag, **chinese: str) -> dict[FeeKind, FeeKindNote]:
    return {FeeKind(code): FeeKindNote(chinese=term, flag=flag) for code, term in chinese.items()}


NOTES = (
    _notes(
        LegalFlag.ORDINARY,
        invoice_discount="票折",
        tier_rebate="有条件返利/目标退佣",
        rebate_cycle="月返/季返/年返",
        early_payment_discount="提前付款折扣",
        damage_allowance="残损折扣",
        no_return_allowance="无退货折扣",
        dc_discount="集中收货折扣",
        price_compensation="促销补差",
        return_handling_fee="退货处理费",
        return_allowance="无条件退货补偿",
        margin_guarantee="毛利保护",
        penalty_short_delivery="未送齐货罚款",
        penalty_late_delivery="未按预约时间罚款",
        penalty_no_delivery="未送货罚款",
        penalty_defect="商品瑕疵罚款",
        penalty_uncollected_return="逾期未领退货罚款",
        penalty_display_breach="展示促销违约罚款",
        penalty_dishonesty="不诚实罚款",
        penalty_late_data="迟延数字化信息罚款",
    )
    | _notes(
        LegalFlag.SERVICE,
        slotting_fee="上架费",
        floor_display_fee="堆头费",
        tg_fee="端架费",
        dm_fee="DM海报费",
        display_package="商品展示费",
        min_guarantee="全年保底",
        refit_fee="翻新费",
        promoter_fee="导购管理费",
        it_fee="信息系统费",
    )
    | _notes(
        LegalFlag.FORBIDDEN,
        unconditional_rebate="无条件返利",
        delivery_fee="配送费",
        new_vendor_fee="进场/开户费",
        new_item_fee="条码/新品费",
        festival_fee="节庆费",
        anniversary_fee="店庆费",
        new_store_fee="新店开业费",
        data_fee="销售或结账信息查询费",
    )
)
