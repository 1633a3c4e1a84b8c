"""UUIDv7 from a given time and given randomness (RFC 9562, 5.7)."""

from uuid import UUID

ENTROPY_BYTES = 10


def uuid7(milliseconds: int, entropy: bytes) -> UUID:
    """Return the UUIDv7 of ``milliseconds`` since 1970 UTC and ten bytes of ``entropy``.

    The time in it orders index pages and nothing else: no rule may read it back.
    """
    if not 0 <= milliseconds < 1 << 48 or len(entropy) != ENTROPY_BYTES:
        raise ValueError("uuid7 takes 48 bits of milliseconds and 10 bytes of entropy")
    value = milliseconds << 80 | int.from_bytes(entropy, "big")
    value = value & ~(0xF << 76) | 0x7 << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    return UUID(int=value)
