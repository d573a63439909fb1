"""A profile's request with the values put in. Pure."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from html import escape
from typing import Any
from urllib.parse import quote, urlencode

import msgspec

from heliograph.channels.http_sms.profile import PLACEHOLDER, Access, Body, Request
from heliograph.channels.sms.letters import Sms
from heliograph.channels.sms.numbers import Kind
from heliograph.channels.sms.parts import Alphabet

_TYPES = {
    Body.FORM: "application/x-www-form-urlencoded",
    Body.JSON: "application/json",
    Body.XML: "application/xml; charset=utf-8",
}
_FORBIDDEN_IN_XML = {code: " " for code in range(0x20) if code not in (0x09, 0x0A, 0x0D)} | {0xFFFE: " ", 0xFFFF: " "}


class Ask(msgspec.Struct, frozen=True):
    """A request ready to be made; it holds secrets."""

    method: str
    url: str
    headers: dict[str, str]
    body: bytes


def values(sms: Sms, request: Request, *, reference: str, callback: str) -> dict[str, str]:
    """What the placeholders stand for, the account's options aside."""
    gsm, wide = request.encodings
    types = dict(zip((Kind.INTERNATIONAL, Kind.SHORT, Kind.NAME), request.sender_types, strict=True))
    return {
        "to": sms.to,
        "to_digits": sms.to.removeprefix("+"),
        "from": sms.sender.value,
        "from_digits": sms.sender.digits,
        "from_type": types.get(sms.sender.kind, ""),
        "text": "".join(sms.plan.parts),
        "reference": reference,
        "callback": callback,
        "encoding": gsm if sms.plan.alphabet is Alphabet.GSM else wide,
        "parts": str(len(sms.plan.parts)),
    }


def render(request: Request, access: Access, given: Mapping[str, str], *, base_url: str = "") -> Ask:
    """The request with its values. `base_url` replaces the scheme and host of the profile's URL."""
    url = _filled(request.url, {name: quote(value, safe="") for name, value in given.items()})
    if base_url:
        url = base_url.rstrip("/") + "/" + url.partition("://")[2].partition("/")[2]
    headers = {name.lower(): _one_line(_filled(value, given)) for name, value in access.headers.items()}
    if access.basic is not None:
        pair = ":".join(_filled(part, given) for part in access.basic)
        headers["authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
    if request.body is Body.QUERY:
        query = urlencode(_flat(request.fields, given))
        return Ask(request.method, f"{url}{'&' if '?' in url else '?'}{query}" if query else url, headers, b"")
    headers["content-type"] = _TYPES[request.body]
    return Ask(request.method, url, headers, _body(request, given))


def _body(request: Request, given: Mapping[str, str]) -> bytes:
    if request.body is Body.JSON:
        return msgspec.json.encode(_structure(request.fields, given))
    if request.body is Body.XML:
        escaped = {name: escape(value.translate(_FORBIDDEN_IN_XML)) for name, value in given.items()}
        return _filled(request.template, escaped).strip().encode()
    return urlencode(_flat(request.fields, given)).encode()


def _flat(fields: Mapping[str, Any], given: Mapping[str, str]) -> dict[str, str]:
    filled = {name: _filled(str(value), given) for name, value in fields.items()}
    return {name: value for name, value in filled.items() if value}


def _structure(value: Any, given: Mapping[str, str]) -> Any:
    """The value with its strings filled in; members that come out empty are left out."""
    if isinstance(value, str):
        whole = PLACEHOLDER.fullmatch(value)
        filled = _filled(value, given)
        return int(filled) if whole and whole[2] and filled.isdecimal() else filled
    if isinstance(value, dict):
        inner = {name: _structure(member, given) for name, member in value.items()}
        return {name: member for name, member in inner.items() if member not in ("", {}, [])}
    if isinstance(value, list):
        return [_structure(member, given) for member in value]
    return value


def _filled(template: str, given: Mapping[str, str]) -> str:
    return PLACEHOLDER.sub(lambda match: _first(match[1].split("|"), given), template)


def _first(names: list[str], given: Mapping[str, str]) -> str:
    return next((given[name] for name in names if given.get(name)), "")


def _one_line(value: str) -> str:
    return "".join(char for char in value if char.isprintable())
