"""Import sell-out: the file streams in pieces into a temporary table, and is merged by set-based statements."""

import codecs
from collections.abc import AsyncIterator
from datetime import datetime
from uuid import UUID

from promotions.db import sell_out
from promotions.db.sell_out import ImportJob
from promotions.domain.sellout import Refusal, SellOutReader
from shared.kernel.errors import RuleBroken
from shared.platform.clock import now
from shared.platform.db import Connection

REFUSALS_MAX = 10_000
LINE_LENGTH_MAX = 65_536
PIECE_BYTES_MIN = 131_072


class LineTooLong(RuleBroken):
    """A line has no end: this is not the CSV that is expected."""

    code = "csv_line_too_long"


async def run(
    connection: Connection,
    stream: AsyncIterator[bytes],
    *,
    account_id: UUID,
    is_atomic: bool,
    job_id: UUID,
    submitted_by: str,
    started_at: datetime,
) -> ImportJob:
    """Import a CSV file of one account and store the job; never more than a piece of the file is in memory.

    Good lines go in and bad ones are reported; with ``is_atomic`` nothing goes in when one is bad.

    Raises:
        HeaderUnusable: the first line does not name the columns.
        LineTooLong: a line has more than 64 KiB.
    """
    stores, products = await sell_out.references(connection, account_id)
    reader = SellOutReader(stores=stores, products=products, refusals_max=REFUSALS_MAX)
    copied = await sell_out.copy(connection, _copy_text(stream, reader))
    inserted, updated, repeated = await sell_out.merge(connection, account_id, copied)
    for line in repeated:
        reader.refuse(Refusal(line=line, field="row", reason="repeats_an_earlier_line", value=""))
    rejected = is_atomic and reader.refused > 0
    if rejected:
        await sell_out.undo_merge(connection)
        inserted = updated = unchanged = 0
    else:
        unchanged = copied - len(repeated) - inserted - updated
        await sell_out.ask_for_rechecks(connection, account_id)
    job = ImportJob(
        id=job_id,
        account_id=account_id,
        state="rejected" if rejected else "done",
        is_atomic=is_atomic,
        received_rows=reader.received,
        inserted_rows=inserted,
        updated_rows=updated,
        unchanged_rows=unchanged,
        refused_rows=reader.refused,
        submitted_by=submitted_by,
        started_at=started_at,
        finished_at=now(),
    )
    await sell_out.insert_job(connection, job, reader.refusals)
    return job


async def _copy_text(stream: AsyncIterator[bytes], reader: SellOutReader) -> AsyncIterator[bytes]:
    """Yield COPY text for the good lines of ``stream``, a piece of the file at a time."""
    decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
    pending, size, rest = [], 0, ""
    async for chunk in stream:
        pending.append(chunk)
        size += len(chunk)
        if size < PIECE_BYTES_MIN:
            continue
        *lines, rest = (rest + decoder.decode(b"".join(pending))).split("\n")
        pending, size = [], 0
        if len(rest) > LINE_LENGTH_MAX:
            raise LineTooLong("A line has more than 64 KiB: send CSV with one line a row, in UTF-8.")
        yield "".join(reader.read(lines)).encode()
    lines = (rest + decoder.decode(b"".join(pending), final=True)).split("\n")
    yield "".join(reader.read(lines)).encode()
