"""A message as every push provider sees it: what to show, and what to hand to the app."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping

import msgspec

from heliograph.core.message import Message, Push, PushType

#: Keys of ExtraValues that have a meaning of their own with push providers; all others travel as data.
SPECIAL = frozenset({"badge", "sound", "image", "category", "collapse_key"})
_LARGEST_BADGE = 99_999


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """Texts are empty and numbers None where the message says nothing."""

    title: str
    body: str
    type: PushType = PushType.MESSAGE
    silent: bool = False  # nothing to show: it wakes the app
    urgent: bool = False
    badge: int | None = None
    sound: str = ""
    image: str = ""
    category: str = ""
    collapse: str  # the sender's collapse_key, or else this message's own
    collapse_given: bool = False
    data: dict[str, str]  # for the app: the message's own fields, and the other ExtraValues
    created_at: int  # ms since the epoch
    expires_at: int  # ms since the epoch


class Datum(msgspec.Struct, frozen=True):
    """A field of a push that travels as data: its name for the caller, its key for the app, and how it is read."""

    source: str
    key: str
    read: Callable[[Message, Push], str | int]


#: What an app is handed beside the ExtraValues; what is empty or 0 does not travel.
DATA: tuple[Datum, ...] = (
    Datum("the MessagingId", "message_id", lambda message, push: message.id),
    Datum("Type", "type", lambda message, push: push.type.value),
    Datum("Url", "url", lambda message, push: push.url),
    Datum("RecordId", "record_id", lambda message, push: push.record_id),
    Datum("Date", "date", lambda message, push: push.date),
    Datum("Duration", "duration", lambda message, push: push.duration),
    Datum("ExpirySecs", "expiry", lambda message, push: push.display_seconds),
    Datum("Title of a silent push", "title", lambda message, push: push.title if push.silent else ""),
    Datum("Message of a silent push", "message", lambda message, push: push.body if push.silent else ""),
)


def with_answer(notice: Notice, link: str) -> Notice:
    """The same, with the link by which a question is answered; each recipient has their own."""
    return msgspec.structs.replace(notice, data={**notice.data, "answer_url": link}) if link else notice


def category(notice: Notice) -> str:
    """The sender's category; without one a question has its own, by which an app gives it two buttons."""
    return notice.category or (notice.type.value if notice.type is PushType.QUESTION else "")


def is_question(message: Message) -> bool:
    """Whether its recipients are asked for a yes or a no."""
    return isinstance(message.content, Push) and message.content.type is PushType.QUESTION


def read(message: Message) -> Notice:
    """The notice of a push or a text. Half a surrogate pair, which no JSON can hold, is shown as a question mark."""
    content = message.content
    if not isinstance(content, Push):
        return Notice(
            title=_clean(content.sender),
            body=_clean(content.body),
            urgent=message.urgent,
            collapse=own_collapse(message),
            data=_data({"message_id": str(message.id), "session_key": content.session_key}, {}),
            created_at=message.created_at,
            expires_at=message.expires_at,
        )
    extra = content.data
    given = _clean(extra.get("collapse_key", ""))
    return Notice(
        title=_clean(content.title),
        body=_clean(content.body),
        type=content.type,
        silent=content.silent or not (content.title or content.body),
        urgent=message.urgent,
        badge=_badge(extra.get("badge", "")),
        sound=_clean(extra.get("sound", "")),
        image=_clean(extra.get("image", "")),
        category=_clean(extra.get("category", "")),
        collapse=given or own_collapse(message),
        collapse_given=bool(given),
        data=_data({datum.key: str(datum.read(message, content) or "") for datum in DATA}, extra),
        created_at=message.created_at,
        expires_at=message.expires_at,
    )


def own_collapse(message: Message) -> str:
    """The same for every attempt and every device, and unlike any other message's, an earlier database's included."""
    return f"h{message.created_at:x}-{message.id:x}"


def short_collapse(text: str, most: int = 64) -> str:
    """A collapse key of printable ASCII within a provider's limit of characters; any other is replaced by its hash."""
    return text if len(text) <= most and text.isascii() and text.isprintable() else hashed(text, most)


def hashed(text: str, most: int) -> str:
    """Up to 64 hexadecimal digits that stand for a text."""
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:most]


def _data(own: dict[str, str], extra: Mapping[str, str]) -> dict[str, str]:
    """The message's own fields win over ExtraValues of the same name; empty ones do not travel."""
    others = {_clean(key): _clean(value) for key, value in extra.items() if key and key not in SPECIAL}
    return others | {key: _clean(value) for key, value in own.items() if value}


def _badge(text: str) -> int | None:
    return min(int(text), _LARGEST_BADGE) if text.isascii() and text.isdigit() and len(text) <= 9 else None


def _clean(text: str) -> str:
    return text.encode("utf-8", "replace").decode()
