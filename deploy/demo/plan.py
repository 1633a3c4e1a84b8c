"""What the story adds to the data: the contract, visits that went wrong, returns; seeded, published as plan.json."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import Any, Final

from deploy.demo import constants
from deploy.demo.constants import Size, demo_id, first_day, last_day
from deploy.demo.dataset import Dataset, Promotion, Row
from shared.kernel.money import round_cents

Json = dict[str, Any]

CONTRACT_NUMBER: Final = "DFF-2024-01"
CONTRACT_UNTIL: Final = date(2029, 12, 31)
"""Well after the story: services end by themselves what is over by today's date."""
PAYMENT_TERMS: Final[Json] = {"term_type": "monthly_close", "days": 30, "pay_days": [5, 20]}
"""月结30; paid on the fifth or the twentieth (digest 2.4)."""
PAY_DAYS: Final = (5, 20)

TACTIC_FEE_KINDS: Final = {"price": "price_compensation", "dm": "dm_fee", "endcap": "tg_fee"}
REBATE_KINDS: Final = ("dc_discount", "tier_rebate", "price_compensation")
"""Fee kinds of the demo that lower the price of goods and carry the goods' tax rate."""

RETURN_AFTER_DAYS: Final = 4
VERIFICATION_DAYS: Final = 14
"""Default of promotions: fees are earned on the day after these."""


def contract_terms(size: Size, *, amended: bool) -> list[Json]:
    """Return the terms of a version: documented sample rates (digest 2.1, in CNY); the amended one is ours."""
    thresholds = zip(size.tier_thresholds, ("0.001000", "0.002500", "0.004000"), strict=True)
    shared = {"tax_basis": "excl", "settlement_method": "offset"}
    return [
        {
            **_term("T1", "§4.1", "dc_discount", "month"),
            **shared,
            "method": "pct",
            "rate": "0.016000" if amended else "0.014700",
        },
        {
            **_term("T2", "§4.2", "tier_rebate", "year"),
            **shared,
            "method": "tiered",
            "tier_mode": "retroactive",
            "tiers": [{"threshold": f"{threshold:f}", "rate": rate} for threshold, rate in thresholds],
        },
        {
            **_term("T3", "§5.1", "display_package", "quarter"),
            **shared,
            "method": "per_store_period",
            "amount": "830.00",
            "period": "month",
        },
        {
            **_term("T4", "§5.2", "promoter_fee", "quarter"),
            **shared,
            "method": "fixed",
            "amount": "2000.00",
            "period": "month",
        },
        {
            **_term("T5", "§4.3", "min_guarantee", "year"),
            **shared,
            "method": "pct",
            "rate": "0.030000",
            "minimum": f"{size.guarantee:f}",
        },
    ]


def _term(code: str, clause: str, fee_kind: str, cycle: str) -> Json:
    return {"id": str(demo_id("term", code)), "code": code, "clause": clause, "fee_kind": fee_kind, "cycle": cycle}


@dataclass(frozen=True, slots=True)
class Return:
    """Packs that went back."""

    row: Row
    quantity: Decimal

    @property
    def net_amount(self) -> Decimal:
        """What the return is worth, without tax."""
        return round_cents(self.quantity * self.row.unit_cost)


class Plan:
    """Everything that is generated before the first request, with one seed."""

    def __init__(self, dataset: Dataset) -> None:
        self.dataset = dataset
        self.size = dataset.size

    @cached_property
    def store_weeks(self) -> dict[tuple[int, int], list[Promotion]]:
        """The promotions that a visit to (store, week) looks at; the item has to be on the shelf there."""
        due: dict[tuple[int, int], list[Promotion]] = {}
        for promotion in self.dataset.promotions:
            for week in promotion.weeks:
                for store in promotion.stores:
                    if (store, promotion.item, week) in self.dataset.by_key:
                        due.setdefault((store, week), []).append(promotion)
        return dict(sorted(due.items(), key=lambda pair: (pair[0][1], pair[0][0])))

    @cached_property
    def visits(self) -> dict[tuple[int, int], str]:
        """What became of each visit (store, week); ``normal`` ones too."""
        chance = random.Random(f"{constants.SEED}/visits")  # noqa: S311 - a repeatable story, no secret.
        shares = self.size.shares
        kinds = ("missed", "no_photo", "late_photo", "late_audit", "sent_twice", "corrected")
        weights = (
            shares.missed_visit,
            shares.no_photo,
            shares.late_photo,
            shares.late_audit,
            shares.sent_twice,
            shares.corrected,
        )
        all_kinds, all_weights = ("normal", *kinds), (1 - sum(weights), *weights)
        return {key: chance.choices(all_kinds, all_weights)[0] for key in self.store_weeks}

    @cached_property
    def returns(self) -> list[Return]:
        """Returned lines: a tenth of the delivery in whole packs, at least one."""
        chance = random.Random(f"{constants.SEED}/returns")  # noqa: S311 - a repeatable story, no secret.
        return [
            Return(row, Decimal(max(int(row.quantity) // 10, 1)))
            for row in self.dataset.rows
            if chance.random() < self.size.shares.returned_line and row.quantity >= 1
        ]

    @cached_property
    def contract_versions(self) -> list[Json]:
        """Number, first day and terms of each version."""
        return [
            {"number": 1, "valid_from": self.size.contract_from, "terms": contract_terms(self.size, amended=False)},
            {"number": 2, "valid_from": self.size.amended_on, "terms": contract_terms(self.size, amended=True)},
        ]

    @property
    def chapters(self) -> list[tuple[date, date]]:
        """The first and the last day of each chapter: a calendar year, or what the story has of it."""
        ends = self.size.years
        starts = [self.size.contract_from, *(date(end.year + 1, 1, 1) for end in ends[:-1])]
        return list(zip(starts, ends, strict=True))

    def weeks_of(self, start: date, end: date) -> Iterator[int]:
        """Yield the weeks that begin in the days from ``start`` to ``end``."""
        return (week for week in self.dataset.weeks if start <= first_day(week) <= end)

    def published(self) -> Json:
        """Return what the oracle needs to know besides the data files, as JSON values."""
        size = self.size
        return {
            "size": size.name,
            "first_week": size.first_week,
            "last_week": size.last_week,
            "week_40": constants.WEEK_40.isoformat(),
            "until": size.until.isoformat(),
            "chapters": [[first.isoformat(), last.isoformat()] for first, last in self.chapters],
            "stores": self.dataset.stores,
            "items": {str(item): facts[2] for item, facts in constants.ITEMS.items()},
            "settings": {
                "flyer_share": str(constants.FLYER_SHARE),
                "featured_share": str(constants.FEATURED_SHARE),
                "price_tolerance": str(constants.PRICE_TOLERANCE),
                "dm_fee": str(constants.DM_FEE),
                "endcap_fee": str(constants.ENDCAP_FEE),
                "scan_share": str(constants.SCAN_SHARE),
                "forecast_uplift": constants.FORECAST_UPLIFT,
                "tax_rate": str(constants.TAX_RATE),
            },
            "fee_tax": {
                "goods": str(constants.TAX_RATE),
                "service": str(constants.SERVICE_TAX_RATE),
                "goods_kinds": list(REBATE_KINDS),
            },
            "tactic_fee_kinds": TACTIC_FEE_KINDS,
            "visits": [[store, week, kind] for (store, week), kind in self.visits.items() if kind != "normal"],
            "returns": [[back.row.store, back.row.item, back.row.week, f"{back.quantity:f}"] for back in self.returns],
            "return_after_days": RETURN_AFTER_DAYS,
            "verification_days": VERIFICATION_DAYS,
            "contract": {
                "number": CONTRACT_NUMBER,
                "valid_to": CONTRACT_UNTIL.isoformat(),
                "versions": [
                    {**version, "valid_from": version["valid_from"].isoformat()} for version in self.contract_versions
                ],
            },
            "payment_terms": PAYMENT_TERMS,
            "held_back": {str(week): str(share) for week, share in size.held_back.items()},
        }


def promotion_days(promotion: Promotion) -> tuple[date, date]:
    """Return the first and the last day of a promotion."""
    return first_day(promotion.first_week), last_day(promotion.last_week)
