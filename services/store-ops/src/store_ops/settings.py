"""Settings of store operations: the platform's, and the thresholds that practice sets and no source fixes."""

from decimal import Decimal

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from shared.platform.settings import ServiceSettings
from store_ops.domain.verification import Thresholds


class Settings(ServiceSettings):
    """What store operations needs to know; each threshold's description begins with its status in the domain digest."""

    model_config = SettingsConfigDict(env_prefix="STORE_OPS_")

    price_tolerance: Decimal = Field(default=Decimal("0.0050"), ge=0, max_digits=18, decimal_places=4)
    """[INF] How far a price on the tag may be above the agreed price and still count as executed, per unit."""
    window_tolerance_days: int = Field(default=0, ge=0, le=31)
    """[INF] Days before and after the promotion's window on which an audit still counts for its tasks."""
    gps_radius_m: int = Field(default=300, ge=1, le=100_000)
    """[INF] Metres within which a visit's position counts as at the store (digest 6); shown, never a verdict."""
    photo_bytes_max: int = Field(default=15 * 1024 * 1024, ge=1024, le=15 * 1024 * 1024)
    """Largest photo that is taken, in bytes."""
    verification_batch: int = Field(default=2000, ge=1, le=20_000)
    """Audits, photos and changed tasks that one transaction of the verification takes."""

    @property
    def thresholds(self) -> Thresholds:
        """The thresholds that verdicts are made with."""
        return Thresholds(price_tolerance=self.price_tolerance, window_tolerance_days=self.window_tolerance_days)


THRESHOLD_FIELDS = ("price_tolerance", "window_tolerance_days", "gps_radius_m")
"""Settings that stand for a threshold of the trade; ``GET /v1/settings-status`` shows them with their status."""
