"""Which kinds of push a device takes: `message=1,question=0`, always told in full (contract sections 5 and 8)."""

from __future__ import annotations

from collections.abc import Iterable

from heliograph.core.errors import InvalidArgument
from heliograph.core.message import Push, PushType

LONGEST = 3072  # characters of a tag string, as the contract's own table keeps it

#: One tag for each type of push; a device takes all of them until it says otherwise.
TAG_OF: dict[PushType, str] = {
    PushType.MESSAGE: "message",
    PushType.IMPORTANT: "important",
    PushType.REMOTE_ACTION: "remoteaction",
    PushType.QUESTION: "question",
    PushType.WEB_PAGE: "webpage",
}


def parse_tags(text: str) -> dict[str, bool]:
    """Names to whether they are wanted; a bare name is wanted, the last of two equal names counts.

    Raises InvalidArgument for anything but `name`, `name=0` and `name=1` between commas.
    """
    tags: dict[str, bool] = {}
    for part in text.split(","):
        name, given, value = (each.strip() for each in part.partition("="))
        if not (name or given):
            continue
        if not name or value not in ("0", "1", "") or (given and not value):
            raise InvalidArgument(f"{part.strip()[:60]!r} is not a tag like name=1 or name=0.", field="Tags")
        tags[name] = value != "0"
    return tags


def complete_tags(text: str) -> str:
    """The same wishes with every tag the gateway uses itself, in a fixed order, before the free ones. Raises InvalidArgument."""
    tags = dict.fromkeys(TAG_OF.values(), True) | parse_tags(text)
    whole = ",".join(f"{name}={int(wanted)}" for name, wanted in tags.items())
    if len(whole) > LONGEST:
        raise InvalidArgument(f"Tags are longer than {LONGEST} characters.", field="Tags")
    return whole


def tags_of(push: Push) -> tuple[str, ...]:
    """What a push goes under: the tag of its type, and the free one that its `tag` in ExtraValues names."""
    named = push.data.get("tag", "").strip()
    return (TAG_OF[push.type], named) if named else (TAG_OF[push.type],)


def takes(text: str, tags: Iterable[str]) -> bool:
    """Whether a device with these wishes takes a push under those tags; one opted out of is enough to keep it away.

    A tag it never mentioned is taken.
    """
    if "=0" not in text.replace(" ", ""):  # nothing is opted out of, and most devices are like that
        return True
    wishes = parse_tags(text)
    return all(wishes.get(tag, True) for tag in tags)
