"""HTML by construction: text is escaped wherever it comes in, and only `tag` makes markup."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

_EMPTY = frozenset(
    ("area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr")
)


class Html(str):
    """Markup that is finished. Whatever is no Html is text, and is escaped."""

    __slots__ = ()


Child = str | int | Iterable["Child"] | None | bool
Value = str | int | bool | None


def tag(element: str, /, *children: Child, **attributes: Value) -> Html:
    """An element. `class_` and `for_` lose their underscore, others get dashes; None and False leave an attribute out."""
    dressed = "".join(_attribute(key, value) for key, value in attributes.items())
    if element in _EMPTY:
        return Html(f"<{element}{dressed}>")
    return Html(f"<{element}{dressed}>{flow(children)}</{element}>")


def flow(*children: Child) -> Html:
    """The children one after the other."""
    return Html("".join(map(_one, children)))


def document(title: Child, head: Child, body: Child) -> str:
    """A whole page in English; `head` holds its styles and scripts."""
    common = (
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width,initial-scale=1"),
        tag("title", title),
    )
    return "<!doctype html>" + tag("html", tag("head", common, head), tag("body", body), lang="en")


def as_written(text: str) -> Html:
    """Text with the marks that turn its direction, for the one it was written to; others are shown that they are there."""
    return Html(escape(text))


def _one(child: Child) -> str:
    if isinstance(child, Html):
        return child
    if child is None or isinstance(child, bool):
        return ""
    if isinstance(child, str | int):
        return escape(_visible(str(child)))
    return "".join(map(_one, child))


def _attribute(key: str, value: Value) -> str:
    if value is None or value is False:
        return ""
    name = key.rstrip("_").replace("_", "-")
    return f" {name}" if value is True else f' {name}="{escape(_visible(str(value)))}"'


def _visible(text: str) -> str:
    """Without what could make text look like other text: controls, and marks that turn the direction of writing."""
    return text.translate(_UNSEEN) if not text.isascii() or not text.isprintable() else text


_TURNING = (*range(0x200E, 0x2010), *range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x061C)
_UNSEEN: dict[int, str] = dict.fromkeys((*range(32), *range(127, 160), *_TURNING, *range(55296, 57344)), "�")
for _kept in (0x09, 0x0A):
    del _UNSEEN[_kept]
_UNSEEN[0x0D] = ""
