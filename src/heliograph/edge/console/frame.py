"""The frame around every page, and the pieces pages are made of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from urllib.parse import urlencode

import msgspec

from heliograph.core.operators import Operator
from heliograph.edge.mark import mark
from heliograph.edge.markup import Child, Html, document, flow, tag

ROOT = "/console"

#: Address below the root, name, and whether it is of the whole gateway.
PAGES = (
    ("", "Overview", False),
    ("/messages", "Messages", False),
    ("/dead-letters", "Dead letters", False),
    ("/channels", "Channels", True),
    ("/scripts", "Scripts", True),
    ("/access", "Access", False),
)

_MARK = mark(class_="mark")


class Look(msgspec.Struct, frozen=True, kw_only=True):
    """What a page needs beside its own content."""

    operator: Operator
    token: str  # that forms carry
    now: int  # ms since the epoch
    assets: str  # what tells one release's style and script from another's
    said: str = ""  # what came of the button that was pressed before


def page(look: Look, here: str, title: str, *content: Child, live: bool = False) -> str:
    """A whole page for somebody who is signed in. A live one is fetched again by itself."""
    notice = tag("p", look.said, class_="notice", role="status") if look.said else None
    main = tag("main", tag("h1", title), notice, *content, id="main", data_live="5" if live else None, tabindex="-1")
    return whole(f"{title} - Heliograph", look.assets, flow(_bar(look, here), main))


def whole(title: str, assets: str, body: Html) -> str:
    """The document."""
    head = flow(
        tag("link", rel="stylesheet", href=f"{ROOT}/console.css?{assets}"),
        tag("script", src=f"{ROOT}/console.js?{assets}", defer=True),
    )
    skip = tag("a", "To the content", href="#main", class_="skip")
    return document(title, head, flow(skip, body))


def _bar(look: Look, here: str) -> Html:
    operator = look.operator
    links = [
        tag("li", tag("a", name, href=ROOT + path, aria_current="page" if path == here else None))
        for path, name, of_all in PAGES
        if operator.everywhere or not of_all
    ]
    reach = "whole gateway" if operator.everywhere else f"company {operator.company_id}"
    who = tag(
        "div",
        tag("p", tag("strong", operator.name), tag("span", reach, class_="dim")),
        form(look, f"{ROOT}/sign-out", tag("button", "Sign out", class_="quiet")),
        class_="who",
    )
    brand = tag("a", _MARK, tag("span", "Heliograph"), href=ROOT, class_="brand")
    return tag("header", brand, tag("nav", tag("ul", links), aria_label="Pages"), who, class_="bar")


def brand() -> Html:
    """The mark by itself."""
    return _MARK


def form(look: Look, action: str, *content: Child, class_: str | None = None) -> Html:
    """A form that changes something: it carries the token without which nothing is changed."""
    return tag(
        "form",
        tag("input", type="hidden", name="token", value=look.token),
        *content,
        method="post",
        action=action,
        class_=class_,
    )


def link(path: str, **query: Child) -> str:
    """An address of the console; what is empty is left out."""
    kept = {key.rstrip("_"): str(value) for key, value in query.items() if value not in (None, "", False)}
    return f"{ROOT}{path}?{urlencode(kept)}" if kept else ROOT + path


def section(title: str, *content: Child, id: str, note: Child = None) -> Html:
    """A part of a page under a heading."""
    heading = tag("div", tag("h2", title, id=f"{id}-title"), note, class_="heading")
    return tag("section", heading, *content, id=id, aria_labelledby=f"{id}-title")


def table(columns: Sequence[str], rows: Iterable[Sequence[Child]], *, label: str, right: Sequence[str] = ()) -> Html:
    """A table that becomes a list of cards where there is no room; an empty cell is no line of a card."""
    head = tag("tr", [tag("th", name, scope="col", class_="right" if name in right else None) for name in columns])
    body = [
        tag(
            "tr",
            [
                tag("td", cell, data_label=name, class_=_cell(name, cell, right))
                for name, cell in zip(columns, row, strict=True)
            ],
        )
        for row in rows
    ]
    return tag("table", tag("thead", head), tag("tbody", body), class_="cards", aria_label=label)


def _cell(name: str, cell: Child, right: Sequence[str]) -> str | None:
    words = [word for word, there in (("right", name in right), ("blank", cell in ("", None))) if there]
    return " ".join(words) or None


def facts(pairs: Mapping[str, Child]) -> Html:
    """Names and what they are; empty ones are left out."""
    shown = [tag("div", tag("dt", name), tag("dd", value)) for name, value in pairs.items() if value not in ("", None)]
    return tag("dl", shown, class_="facts")


def empty(sentence: str, more: Child = None) -> Html:
    """What stands where nothing is."""
    return tag("div", tag("p", sentence), more, class_="empty")
