"""How often one caller may ask: a token bucket per caller and process."""

from collections import OrderedDict
from dataclasses import dataclass, field
from math import ceil

from shared.platform.clock import now

CALLERS_MAX = 10_000


@dataclass(slots=True)
class RateLimiter:
    """Lets ``per_minute`` requests through, a quarter of a minute's worth of them at once."""

    per_minute: int
    _buckets: OrderedDict[str, tuple[float, float]] = field(default_factory=OrderedDict)

    def wait_seconds(self, caller: str) -> int:
        """Count one request of ``caller``; return 0 if it may pass, else the whole seconds until the next one may."""
        instant, rate = now().timestamp(), self.per_minute / 60
        burst = max(1.0, rate * 15)
        left, seen = self._buckets.pop(caller, (burst, instant))
        left = min(burst, left + max(0.0, instant - seen) * rate)
        allowed = left >= 1
        self._buckets[caller] = (left - 1 if allowed else left, instant)
        while len(self._buckets) > CALLERS_MAX:
            self._buckets.popitem(last=False)
        return 0 if allowed else max(1, ceil((1 - left) / rate))
