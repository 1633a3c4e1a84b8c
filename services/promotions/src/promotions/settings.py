"""Settings of promotions: the platform's, and the thresholds that no source fixes."""

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from promotions.domain.dm import DmDefaults
from shared.platform.settings import ServiceSettings


class Settings(ServiceSettings):
    """What promotions needs to know; each threshold's description begins with its status in the domain digest."""

    model_config = SettingsConfigDict(env_prefix="PROMOTIONS_")

    verification_days: int = Field(default=14, ge=0, le=365)
    """[INF] Days after a promotion's last day in which proof is waited for; on the day after them fees are earned."""
    submit_lead_days: int = Field(default=45, ge=0, le=365)
    """[INF] Days before a DM slot's first day on which its deadline falls when the calendar names none (digest 5)."""
    buy_in_lead_days: int = Field(default=7, ge=0, le=90)
    """[INF] Days before a DM slot's first day on which its buy-in window opens when the calendar names none."""
    buy_in_trail_days: int = Field(default=3, ge=0, le=90)
    """[INF] Days after a DM slot's last day on which its buy-in window closes when the calendar names none."""

    @property
    def dm_defaults(self) -> DmDefaults:
        """The days that stand in for dates of a DM calendar."""
        return DmDefaults(
            submit_lead_days=self.submit_lead_days,
            buy_in_lead_days=self.buy_in_lead_days,
            buy_in_trail_days=self.buy_in_trail_days,
        )


THRESHOLD_FIELDS = ("verification_days", "submit_lead_days", "buy_in_lead_days", "buy_in_trail_days")
"""Settings that stand for a threshold of the trade; ``GET /v1/settings-status`` shows them with their status."""
