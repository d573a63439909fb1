"""What each type of push carries to a provider: found by making one of each, and comparing it with a plain message."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from heliograph.core.message import Message, Push, PushType

Table = tuple[tuple[str, ...], list[tuple[str, ...]]]
Made = Callable[[Message], Mapping[str, Any]]  # a message as the provider gets it, with an answer link of `LINK`

LINK = "https://gateway.example/answer/..."
_URL = "https://example.com/page"

#: What an app, a browser or a person does with each.
MEANT: dict[PushType, str] = {
    PushType.MESSAGE: "shown",
    PushType.IMPORTANT: "shown at once, before others",
    PushType.REMOTE_ACTION: "the app acts by the ExtraValues; the inbox has it only of users without a device",
    PushType.QUESTION: "shown with Yes and No; the answer comes by `answer_url`, or from the inbox",
    PushType.WEB_PAGE: "opens `Url`",
}


def types_table(made: Made) -> Table:
    """Heads and rows for the docs."""
    plain = dict(_flat(made(_message(PushType.MESSAGE))))
    rows: list[tuple[str, ...]] = []
    for type in PushType:
        carried = _flat(made(_message(type)))
        told = [f"`{path}` {value}" for path, value in carried if plain.get(path) != value]
        rows.append((type.value, "; ".join(told) or "as the table of fields says", MEANT[type]))
    return ("Type", "carries, beside what a Message does", "what becomes of it"), rows


def _message(type: PushType) -> Message:
    """One whose texts are the same for all types, with a URL, as ShowWebPage has."""
    push = Push(title="Title", body="Message", url=_URL, type=type)
    return Message(
        id=1,
        company_id=1,
        sender_id=None,
        created_at=1_795_262_400_000,
        expires_at=1_795_266_000_000,
        content=push,
        urgent=type is PushType.IMPORTANT,
    )


def _flat(made: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, str]]:
    for key, value in made.items():
        path = f"{above}{key}"
        if isinstance(value, Mapping):
            yield from _flat(value, f"{path}.")
        else:
            yield path, "true" if value is True else str(value)
