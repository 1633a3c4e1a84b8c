"""Photos on disk, by the hash of their content: written aside, forced to disk, renamed; no half is ever seen."""

import asyncio
import hashlib
import os
from collections.abc import AsyncIterator
from pathlib import Path

from shared.platform.ids import new_id

BUFFER_BYTES = 1 << 20


class TooLarge(Exception):
    """The photo has more bytes than are taken."""


class OtherContent(Exception):
    """The bytes that came have another hash; it is the exception's text."""


def place(data_dir: Path, sha256: str) -> Path:
    """Return where the photo is or will be; two levels of folders keep each of them small."""
    return data_dir / "photos" / sha256[:2] / sha256[2:4] / sha256


async def keep(data_dir: Path, sha256: str, chunks: AsyncIterator[bytes], *, bytes_max: int) -> int:
    """Write what ``chunks`` yields and return its size in bytes; on disk for good when this returns.

    Raises:
        TooLarge: more than ``bytes_max`` came.
        OtherContent: what came is not what ``sha256`` names.
    """
    target = place(data_dir, sha256)
    draft = data_dir / "photos" / "incoming" / str(new_id())
    digest, size, buffer = hashlib.sha256(), 0, bytearray()
    try:
        async for chunk in chunks:
            size += len(chunk)
            if size > bytes_max:
                raise TooLarge
            buffer += chunk
            if len(buffer) >= BUFFER_BYTES:
                await asyncio.to_thread(_append, draft, bytes(buffer), digest)
                buffer.clear()
        await asyncio.to_thread(_append, draft, bytes(buffer), digest)
        if digest.hexdigest() != sha256:
            raise OtherContent(digest.hexdigest())
        await asyncio.to_thread(_finish, draft, target)
    finally:
        await asyncio.to_thread(draft.unlink, missing_ok=True)
    return size


def _append(draft: Path, content: bytes, digest: "hashlib._Hash") -> None:
    draft.parent.mkdir(parents=True, exist_ok=True)
    digest.update(content)
    with draft.open("ab") as file:
        file.write(content)


def _finish(draft: Path, target: Path) -> None:
    """Put the draft in its place; the same photo that is there already stays."""
    if target.exists():
        return
    with draft.open("rb+") as file:
        os.fsync(file.fileno())
    target.parent.mkdir(parents=True, exist_ok=True)
    draft.replace(target)
    folder = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
