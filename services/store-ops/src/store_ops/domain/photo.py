"""A photo 照片: evidence that is named by the SHA-256 of its bytes, so that it can neither change nor be swapped."""

from shared.kernel.errors import NotFound, RuleBroken

MEDIA_TYPES = frozenset({"image/jpeg", "image/png", "image/webp", "image/heic"})


class PhotoNotFound(NotFound):
    """No such photo has arrived, or no audit of the caller's accounts refers to it."""

    code = "photo_not_found"


class PhotoHashWrong(RuleBroken):
    """The bytes are not those that the path names."""

    code = "photo_hash_wrong"
