"""Small generated photos: real PNG files of a few hundred bytes that say in a text chunk what they stand for."""

import hashlib
import struct
import zlib

SIDE = 16


def _chunk(kind: bytes, content: bytes) -> bytes:
    checksum = zlib.crc32(kind + content)
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", checksum)


def photo(caption: str) -> bytes:
    """Return a grey PNG of 16 x 16 pixels that depends on ``caption`` alone."""
    pixels = hashlib.shake_128(caption.encode()).digest(SIDE * SIDE)
    rows = b"".join(b"\x00" + pixels[start : start + SIDE] for start in range(0, SIDE * SIDE, SIDE))
    text = b"Description\x00Generated for the Gondola demo: " + caption.encode("ascii")
    return b"".join(
        (
            b"\x89PNG\r\n\x1a\n",
            _chunk(b"IHDR", struct.pack(">IIBBBBB", SIDE, SIDE, 8, 0, 0, 0, 0)),
            _chunk(b"tEXt", text),
            _chunk(b"IDAT", zlib.compress(rows)),
            _chunk(b"IEND", b""),
        )
    )


def sha256(content: bytes) -> str:
    """Return the name under which a photo is stored."""
    return hashlib.sha256(content).hexdigest()
