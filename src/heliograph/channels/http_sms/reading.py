"""Finds values in what a provider writes, which is never trusted to be what it should. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import parse_qsl

import msgspec

from heliograph.channels.http_sms.profile import Answer, Inbound, Reads, Receipts
from heliograph.core.lifecycle import Happening
from heliograph.core.reporting import PartOf

_LONGEST_ID = 200  # characters
_MOST_FIELDS = 200
_MOST_PARTS = 255


class Found(msgspec.Struct, frozen=True):
    """What an answer says."""

    id: str
    code: str
    proven: bool = True  # False: what a taken message would have is not there
    parts: tuple[str, ...] = ()  # the ids of all parts, where each has a receipt of its own


class Receipt(msgspec.Struct, frozen=True):
    """What became of a message, by the provider's id or ours. `happening` is None while it is not final."""

    id: str
    happening: Happening | None
    detail: str


class Said(msgspec.Struct, frozen=True):
    """A text that came from a phone."""

    id: str
    sender: str
    to: str
    text: str
    part: PartOf | None = None


def read_answer(answer: Answer, body: bytes, reference: str) -> Found:
    """The id and the code in an answer's body; empty where there are none."""
    if answer.reads is Reads.TEXT:
        match = re.search(answer.pattern, body[:4096].decode("utf-8", "replace"))
        groups = match.groupdict() if match else {}
        id = _id(groups.get("id") or _own(answer.id, reference))
        return Found(id, (groups.get("code") or "").strip(), match is not None)
    document = _json(body)
    found, code = _first(document, answer.id), _first(document, answer.code)
    proven = not answer.proof or bool(_value(document, answer.proof))
    parts = tuple(_id(text) for text in _each(document, answer.parts)) if answer.parts else ()
    return Found(_id(found or _own(answer.id, reference)), code, proven, parts if all(parts) else ())


def read_receipts(receipts: Receipts, body: bytes, query: str = "") -> list[Receipt]:
    """The receipts in a callback; none when it holds none. A form may come in the URL or as a flat JSON object as well."""
    documents = _documents(receipts.reads, receipts.each, body, query)
    return [receipt for one in documents if (receipt := _receipt(receipts, one)).id]


def read_texts(inbound: Inbound, body: bytes, query: str = "") -> list[Said]:
    """The texts from phones in a callback; none when it holds none."""
    found = []
    for one in _documents(inbound.reads, inbound.each, body, query, inbound.charset):
        id, sender, to, text = (_first(one, paths) for paths in (inbound.id, inbound.sender, inbound.to, inbound.text))
        if text and sender and _id(sender) and _id(to) == to:
            found.append(Said(_id(id), sender, to, text, _part(inbound, one)))
    return found


def _part(inbound: Inbound, document: Any) -> PartOf | None:
    """None for a text that is whole, and where what is said of its parts makes no sense."""
    if inbound.part is None:
        return None
    reference, of, number = (_at(document, path) for path in inbound.part)
    if not (reference and _id(reference) and all(text.isascii() and text.isdecimal() for text in (of, number))):
        return None
    part = PartOf(reference, int(of[:4]), int(number[:4]))
    return part if 1 < part.of <= _MOST_PARTS and 1 <= part.number <= part.of else None


def _documents(reads: Reads, each: str, body: bytes, query: str, charset: str = "utf-8") -> list[Any]:
    if reads is Reads.FORM:
        text = "&".join(part for part in (query, body.decode(charset, "replace")) if part)
        flat = _json(body) if body.lstrip().startswith(b"{") else None
        return [flat if isinstance(flat, dict) else _form(text, charset)]
    document = _json(body)
    listed = _value(document, each) if each else document
    return listed if isinstance(listed, list) else [listed]


def _receipt(receipts: Receipts, document: Any) -> Receipt:
    id, state, reason = (_first(document, paths) for paths in (receipts.id, receipts.state, receipts.reason))
    happening = None
    if state.casefold() in _folded(receipts.delivered):
        happening = Happening.ARRIVED
    elif state.casefold() in _folded(receipts.failed):
        happening = Happening.BOUNCED
    said = f"the provider reports {_plain(state)}"
    return Receipt(_id(id), happening, f"{said}: {_plain(reason)}" if reason and happening else said)


def _first(document: Any, paths: Iterable[str]) -> str:
    return next((text for path in paths if (text := _at(document, path))), "")


def _at(document: Any, path: str) -> str:
    value = _value(document, path)
    return str(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else ""


def _each(document: Any, path: str) -> list[str]:
    """What stands at a path with one `*`, for each member of the list that stands in its place."""
    before, _, after = path.partition(".*.")
    listed = _value(document, before)
    return [_at(one, after) for one in listed[:_MOST_PARTS]] if isinstance(listed, list) else []


def _value(document: Any, path: str) -> Any:
    for step in path.split("."):
        if isinstance(document, Mapping):
            document = document.get(step)
        elif isinstance(document, list) and step.isdecimal() and int(step) < len(document):
            document = document[int(step)]
        else:
            return None
    return document


def _json(body: bytes) -> Any:
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None  # whatever it is, it says nothing


def _form(text: str, charset: str) -> dict[str, str]:
    try:
        return dict(parse_qsl(text, encoding=charset, keep_blank_values=True, max_num_fields=_MOST_FIELDS))
    except ValueError:
        return {}


def _own(paths: tuple[str, ...], reference: str) -> str:
    return reference if "{reference}" in paths else ""


def _id(text: str) -> str:
    return text if text.isprintable() and len(text) <= _LONGEST_ID else ""


def _folded(words: Iterable[str]) -> set[str]:
    return {word.casefold() for word in words}


def _plain(text: str) -> str:
    return "".join(char if char.isprintable() else " " for char in text)[:100]
