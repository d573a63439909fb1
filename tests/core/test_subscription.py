"""A browser's subscription, read strictly and written in one form."""

from __future__ import annotations

import base64

import pytest

from heliograph.core.subscription import Subscription, from_address, read_subscription

POINT = b"\x04" + bytes(range(64))
P256DH = base64.urlsafe_b64encode(POINT).decode()
AUTH = base64.urlsafe_b64encode(bytes(16)).decode()
ENDPOINT = "https://push.example:8443/send/abc?x=1"


def test_a_subscription_travels_as_one_address() -> None:
    read = read_subscription(ENDPOINT, P256DH, AUTH)
    assert read == Subscription(ENDPOINT, POINT, bytes(16))
    assert from_address(read.address) == read
    assert read.origin == "https://push.example:8443"
    assert "abc" not in repr(read)


def test_keys_may_come_in_either_alphabet_and_without_padding() -> None:
    point = b"\x04" + b"\xfb\xff" * 32
    for text in (base64.b64encode(point).decode(), base64.urlsafe_b64encode(point).decode().rstrip("=")):
        assert read_subscription(ENDPOINT, text, AUTH.rstrip("=")).public_key == point


@pytest.mark.parametrize(
    ("endpoint", "p256dh", "auth"),
    [
        ("http://push.example/x", P256DH, AUTH),
        ("https://user@push.example/x", P256DH, AUTH),
        ("https://push.example/x#y", P256DH, AUTH),
        ("https://push.example", P256DH, AUTH),
        ("https://push.example/a b", P256DH, AUTH),
        ("https://push.example/\r\nhost: x", P256DH, AUTH),
        ("https://push.example/" + "x" * 2048, P256DH, AUTH),
        ("https://[::1]/x", P256DH, AUTH),
        (ENDPOINT, "", AUTH),
        (ENDPOINT, P256DH[:-8], AUTH),
        (ENDPOINT, base64.b64encode(b"\x02" + POINT[1:]).decode(), AUTH),
        (ENDPOINT, "!" * 88, AUTH),
        (ENDPOINT, "ü" * 88, AUTH),
        (ENDPOINT, P256DH, ""),
        (ENDPOINT, P256DH, AUTH + "AAAA"),
    ],
)
def test_anything_else_is_refused_without_being_repeated(endpoint: str, p256dh: str, auth: str) -> None:
    with pytest.raises(ValueError, match=r"endpoint|keys") as caught:
        read_subscription(endpoint, p256dh, auth)
    assert "push.example" not in str(caught.value)


@pytest.mark.parametrize("address", ["", "x", f"{ENDPOINT}", f"{ENDPOINT}#{P256DH}", f"#{P256DH}.{AUTH}"])
def test_half_an_address_is_none(address: str) -> None:
    with pytest.raises(ValueError, match=r"endpoint|keys"):
        from_address(address)
