"""Signatures follow Standard Webhooks; calls reach only addresses that may be called."""

import asyncio
import base64
from datetime import UTC, datetime, timedelta, timezone
from ipaddress import ip_address, ip_network
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from shared.platform.clock import now
from shared.platform.outgoing import Outgoing, RefusedUrl, check_url, is_public
from shared.platform.signing import BadSignature, check_secret, new_secret, sign, verify

VECTOR_AT = datetime.fromtimestamp(1614265330, UTC)
VECTOR_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
VECTOR = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.parametrize("at", [VECTOR_AT, VECTOR_AT.astimezone(timezone(timedelta(hours=8)))])
def test_the_published_test_vector_is_met_in_any_time_zone(at: datetime) -> None:
    headers = sign([VECTOR_SECRET], "msg_p5jXN8AQM9LWM0D4loKWxJek", at, '{"test": 2432232314}')
    assert headers["webhook-signature"] == VECTOR
    assert headers["webhook-timestamp"] == "1614265330"


def test_any_of_several_secrets_on_either_side_will_do() -> None:
    old, new, other = new_secret(), new_secret(), new_secret()
    headers = sign([new, old], "id", now(), "body")
    verify([old], headers, b"body")
    verify([other, new], headers, b"body")
    with pytest.raises(BadSignature):
        verify([other], headers, b"body")
    with pytest.raises(BadSignature):
        verify([old], headers, b"bodY")
    with pytest.raises(BadSignature):
        verify([], headers, b"body")


@pytest.mark.parametrize(("seconds", "good"), [(-299, True), (299, True), (-302, False), (302, False)])
def test_a_timestamp_counts_for_five_minutes(seconds: int, good: bool) -> None:
    secret = new_secret()
    headers = sign([secret], "id", now() + timedelta(seconds=seconds), "body")
    if good:
        verify([secret], headers, b"body")
    else:
        with pytest.raises(BadSignature):
            verify([secret], headers, b"body")


@pytest.mark.parametrize(
    "change",
    [{"webhook-id": ""}, {"webhook-timestamp": "1e9"}, {"webhook-timestamp": "nan"}, {"webhook-timestamp": "٣"},
     {"webhook-timestamp": "9" * 40}, {"webhook-signature": ""}, {"webhook-signature": "v1"},
     {"webhook-signature": "v1,a,b"}, {"webhook-signature": "v1,\u00e9"}, {"webhook-signature": "v1a,AAAA"},
     {"webhook-signature": " ".join(["v1,AAAA"] * 11)}],
)  # fmt: skip
def test_malformed_headers_are_bad_signatures_and_nothing_else(change: dict[str, str]) -> None:
    secret = new_secret()
    with pytest.raises(BadSignature):
        verify([secret], sign([secret], "id", now(), "body") | change, b"body")
    with pytest.raises(BadSignature):
        verify([secret], {}, b"\xff")
    with pytest.raises(BadSignature):
        verify([secret], sign([secret], "id", now(), "body"), b"\xff")


def test_ed25519_lets_a_receiver_verify_that_cannot_sign() -> None:
    key = Ed25519PrivateKey.generate()
    private = "whsk_" + base64.b64encode(key.private_bytes_raw()).decode()
    public = "whpk_" + base64.b64encode(key.public_key().public_bytes_raw()).decode()
    assert check_secret(private)
    assert check_secret(public)
    headers = sign([private], "id", now(), "body")
    assert headers["webhook-signature"].startswith("v1a,")
    verify([public], headers, b"body")
    for change, body in (({}, b"bodY"), ({"webhook-signature": "v1a,%"}, b"body"), ({"webhook-id": "x"}, b"body")):
        with pytest.raises(BadSignature):
            verify([public], headers | change, body)


@pytest.mark.parametrize(
    "secret", ["", "whsec_", "whsec_%%", "whsec_YWJj", "whsk_YWJj", "abc", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"]
)
def test_a_weak_or_malformed_secret_is_refused(secret: str) -> None:
    with pytest.raises(ValueError, match="secret"):
        check_secret(secret)


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "0.0.0.7", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "192.0.0.8",
     "198.18.0.1", "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255", "192.88.99.1", "::", "::1",
     "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::127.0.0.1", "64:ff9b::a9fe:a9fe", "64:ff9b::7f00:1", "64:ff9b:1::1",
     "2002:7f00:1::", "2001:0:7f00:1::", "fe80::1", "fec0::1", "fc00::1", "fd00:ec2::254", "ff02::1", "2001:db8::1"],
)  # fmt: skip
def test_addresses_of_our_own_side_are_not_public(address: str) -> None:
    assert not is_public(ip_address(address))


@pytest.mark.parametrize("address", ["1.1.1.1", "8.8.8.8", "2606:4700:4700::1111", "::ffff:8.8.8.8"])
def test_addresses_of_the_open_internet_are_public(address: str) -> None:
    assert is_public(ip_address(address))


@pytest.mark.parametrize(
    "url",
    ["ftp://example.com", "//example.com", "https://", "https://user@example.com", "https://u:p@example.com/",
     "https://example.com:22/", "https://example.com:99999/", "https://example.com/#f", "https://exa mple.com/",
     "https://ex\u00e4mple.com/", "https://example.com/\r\nx: y", "https://example.com/" + "a" * 1000, "file:///etc/passwd"],
)  # fmt: skip
def test_urls_of_odd_shape_are_refused(url: str) -> None:
    with pytest.raises(RefusedUrl):
        check_url(url)


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1:{port}/", "https://127.0.0.1:{port}/", "http://localhost:{port}/", "http://2130706433:{port}/",
     "http://0x7f.1:{port}/", "http://127.1:{port}/", "http://[::ffff:127.0.0.1]:{port}/", "http://0.0.0.0:{port}/"],
)  # fmt: skip
async def test_outside_development_this_machine_is_not_called_by_any_name(receiver: Any, url: str) -> None:
    outgoing = Outgoing()
    answer = await outgoing.call("POST", url.format(port=receiver.port), headers={}, body=b"{}")
    assert answer.status is None
    assert "RefusedUrl" in answer.error
    assert receiver.requests == []
    await outgoing.close()


async def test_plain_http_is_for_listed_networks_and_development(receiver: Any) -> None:
    listed = Outgoing(networks=[ip_network("127.0.0.0/8")])
    other = Outgoing(networks=[ip_network("10.0.0.0/8")])
    receiver.answer = lambda *_: b"HTTP/1.1 204 X\r\n\r\n"
    assert (await listed.call("POST", receiver.url, headers={})).status == 204
    assert (await other.call("POST", receiver.url, headers={})).status is None
    assert (await Outgoing().call("POST", "http://1.1.1.1/", headers={}, timeout_seconds=0.5)).status is None
    await listed.close()
    await other.close()


async def test_answers_are_cut_and_redirects_are_not_followed(receiver: Any) -> None:
    outgoing = Outgoing(local=True)
    receiver.answer = lambda *_: b"HTTP/1.1 200 X\r\ncontent-length: 1000000\r\n\r\n" + b"a" * 1_000_000
    answer = await outgoing.call("POST", receiver.url, headers={}, body=b"{}")
    assert (answer.status, len(answer.body)) == (200, 4096)
    receiver.answer = lambda *_: b"HTTP/1.1 302 X\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n"
    assert (await outgoing.call("POST", receiver.url, headers={}, body=b"{}")).status == 302
    await outgoing.close()


async def test_a_receiver_that_does_not_answer_is_left_after_the_time_out(receiver: Any) -> None:
    outgoing = Outgoing(local=True)
    receiver.answer = lambda *_: b""
    answer = await outgoing.call("POST", receiver.url, headers={}, body=b"{}", timeout_seconds=0.2)
    assert answer.error == "no answer in 0.2 s"
    await outgoing.close()


async def test_a_kept_connection_that_broke_is_replaced_without_a_failure(receiver: Any) -> None:
    outgoing = Outgoing(local=True)
    turns = iter(range(10))

    class Cut(ConnectionError):
        pass

    def answer(*_: Any) -> bytes:
        if next(turns) == 1:
            raise Cut
        return b"HTTP/1.1 204 X\r\n\r\n"

    receiver.answer = answer
    for _ in range(2):
        assert (await outgoing.call("POST", receiver.url, headers={}, body=b"{}")).status == 204
    await asyncio.sleep(0)
    await outgoing.close()
