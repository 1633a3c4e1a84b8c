"""Photos are what their names say, and are seen by those who may see an audit that refers to them."""

import asyncio
import hashlib
from typing import Any
from uuid import UUID

import pytest

from shared.testing import Api

JPEG = {"Content-Type": "image/jpeg"}


async def test_a_photo_is_taken_once_and_answered_again(rep: Api, photo: tuple[str, bytes]):
    sha256, picture = photo
    first = await rep.put(f"/v1/photos/{sha256}", content=picture, headers=JPEG)
    assert (first.status_code, first.json()["size_bytes"], first.json()["media_type"]) == (
        201,
        len(picture),
        "image/jpeg",
    )
    again = await rep.put(f"/v1/photos/{sha256}", content=picture, headers=JPEG)
    assert (again.status_code, again.json()) == (200, first.json())
    read = await rep.get(f"/v1/photos/{sha256}")
    assert (read.status_code, read.content, read.headers["content-type"]) == (200, picture, "image/jpeg")
    assert read.headers["x-content-type-options"] == "nosniff"
    head = await rep.head(f"/v1/photos/{sha256}")
    assert (head.status_code, head.headers["content-length"], head.content) == (200, str(len(picture)), b"")


async def test_many_senders_of_one_photo_leave_one(rep: Api, photo: tuple[str, bytes], settings: Any):
    sha256, picture = photo
    answers = await asyncio.gather(*(rep.put(f"/v1/photos/{sha256}", content=picture, headers=JPEG) for _ in range(10)))
    assert sorted(answer.status_code for answer in answers) == [200] * 9 + [201]
    assert list((settings.data_dir / "photos" / "incoming").iterdir()) == []


async def test_a_large_photo_keeps_every_byte(rep: Api):
    picture = bytes(range(256)) * 4096 * 3
    sha256 = hashlib.sha256(picture).hexdigest()
    assert (await rep.put(f"/v1/photos/{sha256}", content=picture, headers=JPEG)).status_code == 201
    assert (await rep.get(f"/v1/photos/{sha256}")).content == picture


async def test_bytes_with_another_hash_are_refused_and_not_kept(rep: Api, photo: tuple[str, bytes], settings: Any):
    wrong = "0" * 64
    answer = await rep.put(f"/v1/photos/{wrong}", content=photo[1], headers=JPEG)
    assert (answer.status_code, answer.json()["code"]) == (422, "photo_hash_wrong")
    assert photo[0] in answer.json()["detail"]
    assert (await rep.get(f"/v1/photos/{wrong}")).status_code == 404
    assert list((settings.data_dir / "photos" / "incoming").iterdir()) == []


@pytest.mark.parametrize("media_type", ["text/html", "image/svg+xml", ""])
async def test_what_is_no_photo_is_refused(rep: Api, photo: tuple[str, bytes], media_type: str):
    answer = await rep.put(f"/v1/photos/{photo[0]}", content=photo[1], headers={"Content-Type": media_type})
    assert (answer.status_code, answer.json()["code"]) == (415, "media_type_not_supported")


async def test_a_photo_over_fifteen_mib_is_refused(rep: Api):
    picture = b"\xff" * (15 * 1024 * 1024 + 1)
    answer = await rep.put(f"/v1/photos/{hashlib.sha256(picture).hexdigest()}", content=picture, headers=JPEG)
    assert answer.status_code == 413


async def test_a_photo_is_seen_through_an_audit_that_refers_to_it(
    rep: Api, manager: Api, stranger: Api, store: UUID, audit_id: UUID, audit_body: dict[str, Any],
    photo: tuple[str, bytes],
    verify_all: Any,
):  # fmt: skip
    path = f"/v1/photos/{photo[0]}"
    await rep.put(path, content=photo[1], headers=JPEG)
    assert (await manager.get(path)).json()["code"] == "photo_not_found"
    await rep.put(f"/v1/audits/{audit_id}", json=audit_body)
    await verify_all()
    assert (await manager.get(path)).content == photo[1]
    assert (await stranger.get(path)).status_code == 404
    assert (await stranger.head(path)).status_code == 404


async def test_a_hash_that_is_none_is_refused(rep: Api):
    assert (await rep.get("/v1/photos/..%2F..%2Fetc%2Fpasswd")).status_code in {404, 422}
    assert (await rep.get(f"/v1/photos/{'A' * 64}")).status_code == 422
