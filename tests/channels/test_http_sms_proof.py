"""Who calls us back must prove to be the provider: by its signature, by the key, or by the one message's own address."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heliograph.channels.http_sms.channel import HttpSmsChannel
from heliograph.channels.http_sms.profile import load, ready
from heliograph.channels.http_sms.proof import METHODS, Scheme, signed, sorted_pairs, url_and_form
from heliograph.channels.http_sms.references import delivery_of
from heliograph.channels.registry import build_channel
from heliograph.core.delivery import Address, Letter, Report
from heliograph.core.errors import BadSetting, Malformed, NotAuthenticated
from heliograph.core.reporting import ProviderCall
from heliograph.testing.builders import a_letter, a_message, a_text
from heliograph.testing.servers.webhook import Answer, WebhookServer
from heliograph.testing.tools import some_tools

pytestmark = pytest.mark.anyio

KEY = "lamp0lamp1lamp2lamp3"
URL = "https://gateway.example/callbacks/Twilio"
TOKEN = "12345"


# ------------------------------------------------------------------------------------- known vectors


def test_twilios_published_example_has_its_published_signature() -> None:
    """The example of https://www.twilio.com/docs/usage/webhooks/webhooks-security."""
    pairs = {
        "CallSid": "CA1234567890ABCDE",
        "Caller": "+12349013030",
        "Digits": "1234",
        "From": "+12349013030",
        "To": "+18005551212",
    }
    url = "https://mycompany.com/myapp.php?foo=1&bar=2"
    assert url_and_form(url, list(pairs.items()), TOKEN) == "0/KCTR6DLpKmkAf8muzZqo1nDgQ="


@pytest.mark.parametrize(
    ("method", "signature"),
    [
        ("md5hash", "6af838ef94998832dbfc29020b564830"),
        ("md5", "c15c21ced558c93a226c305f58f902f2"),
        ("sha1", "3e19a4e6880fdc2c1426bfd0587c98b9532f0210"),
        ("sha256", "a321e824b9b816be7c3f28859a31749a098713d39f613c80d455bbaffae1cd24"),
        (
            "sha512",
            "812a18f76680fa0fe1b8bd9ee1625466ceb1bd96242e4d050d2cfd9a7b40166c"
            "63ed26ec9702168781b6edcf1633db8ff95af9341701004eec3fcf9550572ee8",
        ),
        ("none", ""),
    ],
)
def test_vonages_libraries_and_we_agree(method: str, signature: str) -> None:
    """The vectors of the provider's own Python library (vonage-python-sdk, tests/test_signature.py)."""
    assert sorted_pairs([("b", "2"), ("a", "1"), ("timestamp", "1461605396")], "secret", method) == signature


def test_every_method_is_known_and_every_profile_says_how_it_is_believed() -> None:
    assert len(METHODS) == 5
    proofs = {name: load(name).receipts.proof for name in ready() if load(name).receipts}  # type: ignore[union-attr]
    assert {name: proof.scheme for name, proof in proofs.items() if proof} == {
        "twilio": Scheme.URL_AND_FORM,
        "vonage": Scheme.SORTED_PAIRS,
    }


# ------------------------------------------------------------------------------------------- Twilio


def twilio(**settings: Any) -> HttpSmsChannel:
    values = {"options": {"twilio_account_sid": "AC1", "twilio_auth_token": TOKEN}, "callback_url": URL, **settings}
    channel = build_channel("Twilio", {"kind": "http_sms", "profile": "twilio", **values}, some_tools())
    assert isinstance(channel, HttpSmsChannel)
    return channel


FORM = {"MessageSid": "SM7", "MessageStatus": "delivered", "To": "+4712345678", "ApiVersion": "2010-04-01"}


def call(form: dict[str, str], *, url: str = URL, token: str = TOKEN, signature: str | None = None) -> ProviderCall:
    made = url_and_form(url, list(form.items()), token) if signature is None else signature
    headers = {"x-twilio-signature": made} if made else {}
    return ProviderCall(urlsplit(url).query, urlencode(form).encode(), headers)


@pytest.mark.parametrize("url", [URL, "https://gateway.example:443/callbacks/Twilio"])
def test_what_twilio_has_signed_is_believed(url: str) -> None:
    [report] = twilio().called_back(call(FORM, url=url))
    assert (report.ids, report.only) == (("SM7",), None)


def test_the_key_in_the_address_is_signed_with_the_rest() -> None:
    assert twilio(callback_key=KEY).called_back(call(FORM, url=f"{URL}?key={KEY}"))


FORGED = {
    "no signature": call(FORM, signature=""),
    "an empty form": call({}, signature=""),
    "another's token": call(FORM, token="67890"),
    "an empty token": call(FORM, token=""),
    "another address": call(FORM, url="https://elsewhere.example/callbacks/Twilio"),
    "another scheme": call(FORM, url="http://gateway.example/callbacks/Twilio"),
    "another port": call(FORM, url="https://gateway.example:8443/callbacks/Twilio"),
    "a signature of something else": call(FORM, signature=url_and_form(URL, [("MessageSid", "SM8")], TOKEN)),
    "nonsense": call(FORM, signature="a" * 28),
    "no ASCII": call(FORM, signature="å" * 28),
    "a pair more": ProviderCall("", urlencode(FORM | {"x": "y"}).encode(), call(FORM).headers),
    "a pair less": ProviderCall("", urlencode({"MessageSid": "SM7", "MessageStatus": "delivered"}).encode(), call(FORM).headers),
    "another state": ProviderCall("", urlencode(FORM | {"MessageStatus": "failed"}).encode(), call(FORM).headers),
    "another message": ProviderCall("", urlencode(FORM | {"MessageSid": "SM8"}).encode(), call(FORM).headers),
    "the right key alone": ProviderCall(f"key={KEY}", urlencode(FORM).encode(), {}),
    "a made-up message's address": ProviderCall(f"ref=1-1&key={KEY}", urlencode(FORM).encode(), {}),
}  # fmt: skip


@pytest.mark.parametrize("forged", FORGED.values(), ids=FORGED.keys())
@pytest.mark.parametrize("key", ["", KEY])
def test_what_is_forged_is_not_believed(forged: ProviderCall, key: str) -> None:
    with pytest.raises(NotAuthenticated):
        twilio(callback_key=key).called_back(forged)


@given(
    st.dictionaries(st.text(max_size=8), st.text(max_size=8), max_size=5), st.text(max_size=40), st.binary(max_size=60)
)
def test_no_header_and_no_body_opens_the_door_by_chance(form: dict[str, str], header: str, body: bytes) -> None:
    channel = twilio(callback_key=KEY)
    for guess in (
        ProviderCall("", urlencode(form).encode(), {"x-twilio-signature": header}),
        ProviderCall(header, body),
    ):
        with pytest.raises(NotAuthenticated):
            channel.called_back(guess)


def test_receipts_may_be_asked_for_without_a_key_where_the_provider_signs() -> None:
    assert twilio().called_back(call(FORM))
    with pytest.raises(BadSetting, match="needs a callback_key"):
        twilio(options={"twilio_account_sid": "AC1"})


# ------------------------------------------------------------------------------- the caller's account


def letter(**changes: Any) -> Letter:
    content = a_text(sender="+4787654321", to="+4712345678", body="Fog")
    return a_letter(address=Address(value="+4712345678"), message=a_message(content=content), **changes)


@asynccontextmanager
async def sending(**settings: Any) -> AsyncIterator[tuple[HttpSmsChannel, WebhookServer]]:
    async with WebhookServer(default=Answer(status=201, body=b'{"sid": "SM7"}')) as server:
        yield twilio(base_url=server.url, **settings), server


OWN = {"twilio_account_sid": "AC9", "twilio_auth_token": "the caller's"}


async def asked_at(server: WebhookServer) -> str:
    return dict(parse_qsl(server.requests[-1].body.decode())).get("StatusCallback", "")


async def test_a_message_of_the_callers_own_account_has_an_address_of_its_own() -> None:
    """Its provider signs with a secret that we do not keep; the address lets its bearer speak of that message alone."""
    async with sending(callback_key=KEY) as (channel, server):
        await channel.send(letter(delivery_id=0x2A, config=OWN))
        url = await asked_at(server)
        assert KEY not in url
        [report] = channel.called_back(ProviderCall(urlsplit(url).query, urlencode(FORM).encode()))
        assert report == Report(
            ids=("SM7",), happening=report.happening, detail="the provider reports delivered", only=0x2A
        )
        for changed in (url.replace("-2a", "-2b"), url[:-1], url + "0", f"{url}&{urlsplit(url).query}"):
            with pytest.raises(NotAuthenticated):
                channel.called_back(ProviderCall(urlsplit(changed).query, urlencode(FORM).encode()))


async def test_without_a_key_no_receipt_is_asked_for_the_callers_own_account() -> None:
    async with sending() as (channel, server):
        await channel.send(letter(config=OWN))
        assert await asked_at(server) == ""
        await channel.send(letter())
        assert await asked_at(server) == URL


def test_what_is_no_reference_is_nobodys() -> None:
    assert [delivery_of(text) for text in ("", "x", "1-", "-1", "1-g", "1" * 17 + "-1", "ab-2a")] == [0] * 6 + [0x2A]


# ------------------------------------------------------------------------------------------- Vonage


def vonage(**options: str) -> HttpSmsChannel:
    account = {"vonage_api_key": "a", "vonage_api_secret": "b", **options}
    values = {"kind": "http_sms", "profile": "vonage", "options": account, "callback_key": KEY}
    channel = build_channel("Vonage", values, some_tools())
    assert isinstance(channel, HttpSmsChannel)
    return channel


RECEIPT = {
    "msisdn": "4712345678",
    "messageId": "aaaa",
    "status": "delivered",
    "err-code": "0",
    "timestamp": "1461605396",
}


def vonages(receipt: dict[str, str], method: str, how: str, *, upper: bool = False) -> ProviderCall:
    signature = sorted_pairs(list(receipt.items()), "signed!", method)
    pairs = receipt | {"sig": signature.upper() if upper else signature}
    query = f"key={KEY}&{urlencode(pairs)}" if how == "address" else f"key={KEY}"
    body = {"form": urlencode(pairs), "json": str(pairs).replace("'", '"')}.get(how, "")
    return ProviderCall(query, body.encode())


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("how", ["address", "form", "json"])
def test_what_vonage_has_signed_is_believed(method: str, how: str) -> None:
    channel = vonage(vonage_signature_secret="signed!", vonage_signature_method=method)
    for upper in (False, True):
        [report] = channel.called_back(vonages(RECEIPT, method, how, upper=upper))
        assert report.ids == ("aaaa",)


@pytest.mark.parametrize("how", ["address", "form", "json"])
def test_what_vonage_has_not_signed_is_not_believed(how: str) -> None:
    channel = vonage(vonage_signature_secret="signed!", vonage_signature_method="sha256")
    good = vonages(RECEIPT, "sha256", how)
    bad = [
        vonages(RECEIPT, "md5hash", how),
        vonages(RECEIPT, "sha512", how),
        ProviderCall(good.query.replace("aaaa", "bbbb"), good.body.replace(b"aaaa", b"bbbb")),
        ProviderCall(good.query.replace("delivered", "failed"), good.body.replace(b"delivered", b"failed")),
        ProviderCall(good.query + "&sig=0", good.body),
        ProviderCall(good.query + "&x=1", good.body),
        ProviderCall(f"key={KEY}", urlencode(RECEIPT).encode()),
        ProviderCall(f"key={KEY}", b""),
        ProviderCall(f"key={KEY}", b'{"sig": [1]}'),
    ]
    for forged in bad:
        with pytest.raises(NotAuthenticated):
            channel.called_back(forged)


def test_a_value_cannot_pass_for_another_pair() -> None:
    honest = sorted_pairs([("a", "1&status=failed"), ("status", "delivered")], "s", "sha256")
    assert honest != sorted_pairs([("a", "1"), ("status", "failed"), ("status", "delivered")], "s", "sha256")


def test_without_the_secret_the_key_is_what_counts() -> None:
    channel = vonage()
    body = urlencode(RECEIPT).encode()
    assert channel.called_back(ProviderCall(f"key={KEY}", body))
    for query in ("", "key=guess", f"key={KEY}&key={KEY}", "key="):
        with pytest.raises(NotAuthenticated):
            channel.called_back(ProviderCall(query, body))
    with pytest.raises(Malformed):
        channel.called_back(ProviderCall(f"key={KEY}", b""))


def test_a_secret_that_is_not_set_signs_nothing() -> None:
    proof = load("vonage").receipts.proof  # type: ignore[union-attr]
    assert proof is not None
    empty = ProviderCall("", urlencode(RECEIPT | {"sig": sorted_pairs(list(RECEIPT.items()), "", "md5hash")}).encode())
    assert not signed(proof, empty, url=URL, options={"vonage_signature_secret": ""})
