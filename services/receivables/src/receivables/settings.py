"""Settings of receivables: the platform's, and the thresholds of the trade with where they come from."""

from decimal import Decimal
from typing import Any, Literal

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from receivables.domain.ageing import Buckets, HoldLimits
from receivables.domain.matching import Tolerance, ToleranceRule
from receivables.domain.tax import TaxRates
from shared.platform.settings import ServiceSettings


def threshold(default: Any, status: Literal["V", "K", "INF"], source: str, **limits: Any) -> Any:
    """Return a field with the status of its default: V verified, K general knowledge, INF proposed."""
    return Field(default=default, json_schema_extra={"status": status, "source": source}, **limits)


class Settings(ServiceSettings):
    """Everything that the sources do not settle is a setting with a default and a status; GET /v1/settings-status."""

    model_config = SettingsConfigDict(env_prefix="RECEIVABLES_")

    tolerance_amount: Decimal = threshold(Decimal("1.00"), "INF", "digest 4", ge=0)
    """Excess of a deduction over its accrual that is let go, in the document's currency 容差."""
    tolerance_rate: Decimal = threshold(Decimal("0.005"), "INF", "digest 4", ge=0, le=1)
    """The same as a fraction of what is accepted."""
    tolerance_rule: ToleranceRule = threshold(ToleranceRule.SMALLER, "INF", "digest 4")
    """Which of the two limits holds: smaller or greater."""
    ageing_upper_days: tuple[int, ...] = threshold((30, 60, 90, 180, 365), "INF", "digest 4, AR")
    """Upper ends of the ageing buckets in days past due 账龄."""
    hold_overdue_days: int = threshold(60, "INF", "digest 4, AR", ge=0)
    """Days past due of the oldest open invoice above which a credit hold is advised 信用冻结."""
    goods_tax_rate: Decimal = threshold(Decimal("0.13"), "K", "digest 4, Tax [26][27]; some goods 9 %", ge=0, lt=1)
    """Tax rate of rebates, settled by our red invoice 红字发票."""
    service_tax_rate: Decimal = threshold(Decimal("0.06"), "K", "digest 4, Tax [4][28]; tax review", ge=0, lt=1)
    """Tax rate of service fees, settled by the retailer's invoice 服务费发票."""
    promotion_fee_tax_basis: Literal["incl", "excl"] = threshold("incl", "INF", "digest 2.2")
    """How the amounts of promotion fees are meant: with tax 含税 or without 未税."""
    match_batch_size: int = Field(default=2_000, ge=1)
    """Deductions that one transaction of the matching job takes at most."""

    @property
    def tolerance(self) -> Tolerance:
        """The tolerance of matching."""
        return Tolerance(amount=self.tolerance_amount, rate=self.tolerance_rate, rule=self.tolerance_rule)

    @property
    def tax_rates(self) -> TaxRates:
        """The rates of fees."""
        return TaxRates(goods=self.goods_tax_rate, service=self.service_tax_rate)

    @property
    def buckets(self) -> Buckets:
        """The ageing buckets."""
        return Buckets(upper_days=self.ageing_upper_days)

    @property
    def hold_limits(self) -> HoldLimits:
        """When a credit hold is advised."""
        return HoldLimits(overdue_days=self.hold_overdue_days)
