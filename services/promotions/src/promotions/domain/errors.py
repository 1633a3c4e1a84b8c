"""The errors of promotions; each has a stable code and a message that says what to do.

NotFound:   PromotionUnknown, FundUnknown, DmSlotUnknown, AccountUnknown, ImportJobUnknown
Conflict:   WrongStatus, AgreementMissing, FundOverdrawn, FundInUse, DmPositionTaken, DmProductTaken, DmSlotOverlaps,
            DmSlotNumberTaken, DmSlotInUse, PromotionOverlaps, NumberTaken, PromotionIdTaken, TacticIdTaken
RuleBroken: SubmitDeadlinePassed, AgreementLate, DmSlotUnfit, FundUnfit, UnknownReferences
"""

from shared.kernel.errors import Conflict, NotFound, RuleBroken


class PromotionUnknown(NotFound):
    """No such promotion within the caller's scope."""

    code = "promotion_unknown"


class FundUnknown(NotFound):
    """No such fund within the caller's scope."""

    code = "fund_unknown"


class DmSlotUnknown(NotFound):
    """No such DM slot within the caller's scope."""

    code = "dm_slot_unknown"


class AccountUnknown(NotFound):
    """No such account within the caller's scope, or its ``account_changed`` event has not arrived yet."""

    code = "account_unknown"


class ImportJobUnknown(NotFound):
    """No such import job within the caller's scope."""

    code = "import_job_unknown"


class WrongStatus(Conflict):
    """The promotion's status does not allow the step."""

    code = "promotion_wrong_status"


class AgreementMissing(Conflict):
    """No execution and no fee without a stored agreement (domain digest row 57)."""

    code = "agreement_missing"


class FundOverdrawn(Conflict):
    """The fund has less available than the step would commit."""

    code = "fund_overdrawn"


class FundInUse(Conflict):
    """Money is committed from the fund, so that this field may not change any more."""

    code = "fund_in_use"


class DmPositionTaken(Conflict):
    """Another promotion holds the position of the DM slot."""

    code = "dm_position_taken"


class DmProductTaken(Conflict):
    """The product stands in the DM slot already."""

    code = "dm_product_taken"


class DmSlotOverlaps(Conflict):
    """Two DM slots of one account may not share a date."""

    code = "dm_slot_overlaps"


class DmSlotNumberTaken(Conflict):
    """The account has a DM slot of this year and number already."""

    code = "dm_slot_number_taken"


class DmSlotInUse(Conflict):
    """The DM slot is booked, so that this field may not change any more."""

    code = "dm_slot_in_use"


class PromotionOverlaps(Conflict):
    """Another promotion holds one of the products in one of the stores on one of the days (domain digest 5)."""

    code = "promotion_overlaps"


class NumberTaken(Conflict):
    """The account has a promotion of this number already."""

    code = "promotion_number_taken"


class PromotionIdTaken(Conflict):
    """Another promotion has this id already."""

    code = "promotion_id_taken"


class TacticIdTaken(Conflict):
    """Another promotion has a tactic of this id already."""

    code = "tactic_id_taken"


class SubmitDeadlinePassed(RuleBroken):
    """The retailer's deadline for the DM slot is over (domain digest 5)."""

    code = "submit_deadline_passed"


class AgreementLate(RuleBroken):
    """The agreement is signed after the promotion's first day (domain digest 5)."""

    code = "agreement_late"


class DmSlotUnfit(RuleBroken):
    """The DM slot is another account's, does not meet the promotion's dates, or has no such position."""

    code = "dm_slot_unfit"


class FundUnfit(RuleBroken):
    """The fund is another account's, of another currency, or does not cover the promotion's first day."""

    code = "fund_unfit"


class UnknownReferences(RuleBroken):
    """Products or stores that are not known here, or stores of another account."""

    code = "unknown_references"
