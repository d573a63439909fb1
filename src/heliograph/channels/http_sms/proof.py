"""Whether a call is the provider's own, by the signature that its profile says it carries. Pure."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from enum import StrEnum
from urllib.parse import parse_qsl

import msgspec

from heliograph.core.reporting import ProviderCall

_MOST_FIELDS = 200
_PORTS = {"https://": ":443", "http://": ":80"}


class Scheme(StrEnum):
    """How a provider signs."""

    URL_AND_FORM = "url-and-form"  # HMAC-SHA1 of the address and the form's pairs, sorted, in base64
    SORTED_PAIRS = "sorted-pairs"  # a digest of `&name=value` of all pairs, sorted, in hexadecimal, beside them


class Proof(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where the signature is, and what it is made with."""

    scheme: Scheme
    secret: str  # the option that holds it; where the account has it, a call without a signature is refused
    header: str = ""  # in lower case, for `url-and-form`
    field: str = ""  # for `sorted-pairs`
    method: str = ""  # the option that names the digest, for `sorted-pairs`: one of METHODS


#: The digests of `sorted-pairs`; the plain one is of the pairs with the secret behind them.
METHODS = ("md5hash", "md5", "sha1", "sha256", "sha512")


def signed(proof: Proof, call: ProviderCall, *, url: str, options: Mapping[str, str]) -> bool:
    """Whether the call carries the signature of what it says. `url` is the address that the provider was given."""
    secret = options.get(proof.secret, "")
    if not secret:
        return False
    match proof.scheme:
        case Scheme.URL_AND_FORM:
            given = call.headers.get(proof.header, "")
            possible = [url_and_form(one, _pairs(call.body), secret) for one in _spellings(url)]
            return sum([_same(given, one) for one in possible]) > 0  # all are compared: the time tells nothing
        case Scheme.SORTED_PAIRS:
            pairs = _all_pairs(call)
            found = [value for name, value in pairs if name == proof.field]
            rest = [(name, value) for name, value in pairs if name != proof.field]
            wanted = sorted_pairs(rest, secret, options.get(proof.method, "") or METHODS[0])
            return len(found) == 1 and bool(wanted) and _same(found[0].lower(), wanted)


def url_and_form(url: str, pairs: list[tuple[str, str]], secret: str) -> str:
    """The signature of an address and a form (https://www.twilio.com/docs/usage/webhooks/webhooks-security)."""
    text = url + "".join(name + value for name, value in sorted(set(pairs)))
    return base64.b64encode(hmac.digest(secret.encode(), text.encode(), hashlib.sha1)).decode()


def sorted_pairs(pairs: list[tuple[str, str]], secret: str, method: str) -> str:
    """The signature of pairs (https://developer.vonage.com/en/getting-started/concepts/signing-messages); empty for no method.

    `&` and `=` inside a value count as `_`, so that a value cannot pass for another pair.
    """
    text = "".join(f"&{name}={_flat(value)}" for name, value in sorted(pairs)).encode()
    if method == METHODS[0]:
        return hashlib.md5(text + secret.encode(), usedforsecurity=False).hexdigest()
    if method not in METHODS:
        return ""
    return hmac.new(secret.encode(), text, method).hexdigest()


def _spellings(url: str) -> list[str]:
    """The address as it is, and with or without the port that its scheme has anyway."""
    for scheme, port in _PORTS.items():
        if url.startswith(scheme):
            host, slash, path = url.removeprefix(scheme).partition("/")
            other = host.removesuffix(port) if host.endswith(port) else host + port
            plain = ":" not in host or host.endswith(port)
            return [url, f"{scheme}{other}{slash}{path}"] if plain else [url]
    return [url]


def _all_pairs(call: ProviderCall) -> list[tuple[str, str]]:
    """What a call says, in its address or in its body, a form or a flat JSON object. The key is ours, not the provider's."""
    query = [pair for pair in _pairs(call.query.encode()) if pair[0] not in ("key", "ref")]
    if not call.body.lstrip().startswith(b"{"):
        return query + _pairs(call.body)
    try:
        flat = msgspec.json.decode(call.body, type=dict[str, str | int | float])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return query
    return query + [(name, str(value)) for name, value in flat.items()]


def _pairs(text: bytes) -> list[tuple[str, str]]:
    try:
        return parse_qsl(text.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=_MOST_FIELDS)
    except ValueError:
        return []


def _flat(value: str) -> str:
    return value.replace("&", "_").replace("=", "_")


def _same(given: str, wanted: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "replace"), wanted.encode())
