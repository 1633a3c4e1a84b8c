"""Fills gaps: when a subject's event is missing for more than seconds, its producer's feed is asked for it."""

import logging
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import urlencode

import asyncpg
import msgspec

from shared.platform.auth import EVERYTHING
from shared.platform.clock import now
from shared.platform.db import Connection, Database
from shared.platform.inbox import Envelope, store
from shared.platform.json import Unreadable, decode
from shared.platform.outgoing import Outgoing
from shared.platform.settings import ServiceSettings

log = logging.getLogger(__name__)

POLL_SECONDS = 1.0
SUBJECTS_A_STEP = 20
EVENTS_A_PULL = 200
PULL_PAUSE_SECONDS = 30
FEED_BYTES_MAX = 16 << 20
OK = 200

CLAIM_GAPS = """
UPDATE inbox_subjects AS subject SET pull_at = $1::timestamptz + make_interval(secs => $3)
FROM event_sources AS source
WHERE source.source = subject.source AND source.enabled AND source.feed_url IS NOT NULL
  AND (subject.source, subject.subject) IN (
      SELECT source, subject FROM inbox_subjects WHERE gap_since IS NOT NULL AND pull_at <= $1
      ORDER BY pull_at LIMIT $2 FOR UPDATE SKIP LOCKED
  )
RETURNING subject.source, subject.subject, subject.version, source.feed_url, EXISTS (
    SELECT FROM inbox AS held WHERE held.source = subject.source AND held.subject = subject.subject
      AND held.state IN ('retrying', 'dead') AND held.subject_version = subject.version + 1
) AS is_held
"""
BASELINE = "UPDATE inbox_subjects SET version = $4 WHERE source = $1 AND subject = $2 AND version = $3"
RELEASE_ALL = "UPDATE inbox SET state = 'pending' WHERE source = $1 AND subject = $2 AND state = 'waiting'"


class Page(msgspec.Struct):
    """A page of a feed."""

    items: list[Envelope]


@dataclass(slots=True, kw_only=True)
class Puller:
    """Asks producers' feeds for what is missing."""

    database: Database
    settings: ServiceSettings
    outgoing: Outgoing
    _token: tuple[str, datetime] | None = field(default=None)

    async def step(self) -> float:
        """Pull for some subjects with a gap; return the seconds to wait before looking again."""
        async with self.database.raw(EVERYTHING) as connection:
            gaps = await connection.fetch(CLAIM_GAPS, now(), SUBJECTS_A_STEP, PULL_PAUSE_SECONDS)
        for gap in gaps:
            if not gap["is_held"]:  # What is missing is here, but could not be applied: there is nothing to pull.
                await self._pull(gap)
        return 0.0 if len(gaps) == SUBJECTS_A_STEP else POLL_SECONDS

    async def _pull(self, gap: asyncpg.Record) -> None:
        query = urlencode({"subject": gap["subject"], "after_version": gap["version"], "limit": EVENTS_A_PULL})
        headers = {"authorization": f"Bearer {await self._bearer()}", "accept": "application/json"}
        url = f"{gap['feed_url']}?{query}"
        answer = await self.outgoing.call("GET", url, headers=headers, answer_bytes_max=FEED_BYTES_MAX)
        if answer.status != OK:
            self._token = None
            log.warning("feed of %s: %s", gap["source"], answer.error or answer.status)
            return
        try:
            decode(answer.body)
            events = msgspec.json.decode(answer.body, type=Page).items
        except (Unreadable, msgspec.MsgspecError) as error:
            log.warning("feed of %s is not readable: %s", gap["source"], type(error).__name__)
            return
        events = [each for each in events if each.source == gap["source"] and each.subject == gap["subject"]]
        if events:
            async with self.database.raw(EVERYTHING) as connection:
                await self._take(connection, gap, events)

    @staticmethod
    async def _take(connection: Connection, gap: asyncpg.Record, events: list[Envelope]) -> None:
        """Store what came. The oldest event that the producer still has is where the subject begins for us."""
        await store(connection, events, at=now())
        first = min(event.subjectversion for event in events)
        if first > gap["version"] + 1:
            await connection.execute(BASELINE, gap["source"], gap["subject"], gap["version"], first - 1)
            await connection.execute(RELEASE_ALL, gap["source"], gap["subject"])

    async def _bearer(self) -> str:
        """Return an access token of our own, by client credentials; it is kept until shortly before it ends."""
        if self._token is None or self._token[1] <= now():
            body = urlencode(
                {
                    "grant_type": "client_credentials",
                    "client_id": self.settings.client_id,
                    "client_secret": self.settings.client_secret.get_secret_value(),
                }
            ).encode()
            headers = {"content-type": "application/x-www-form-urlencoded"}
            url = self.settings.tokens_url
            answer = await self.outgoing.call("POST", url, headers=headers, body=body, answer_bytes_max=1 << 16)
            if answer.status != OK:
                raise ConnectionError(f"no token: {answer.error or answer.status}")
            token = decode(answer.body)
            self._token = token["access_token"], now() + timedelta(seconds=int(token.get("expires_in", 60)) * 0.8)
        return self._token[0]
