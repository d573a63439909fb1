"""Messages: the search and its list."""

from __future__ import annotations

from datetime import UTC, datetime

from starlette.datastructures import QueryParams

from heliograph.core.lifecycle import State
from heliograph.core.message import Message, Push
from heliograph.core.search import LOOKED_AT, Wanted
from heliograph.edge.console.frame import ROOT, Look, empty, link, page, table
from heliograph.edge.console.words import state_pill, when
from heliograph.edge.markup import Child, Html, flow, tag
from heliograph.intake.desk import Page
from heliograph.intake.query import MessageView

_SHOWN = 120  # characters of a message in a list
_MOST_PILLS = 6


def asked(query: QueryParams) -> Wanted:
    """What the address asks for. What cannot be meant is not asked for."""
    state = query.get("state", "")
    return Wanted(
        state=State(state) if state in set(State) else None,
        channel=query.get("channel", "")[:100],
        recipient=query.get("recipient", "").strip()[:200],
        since=_moment(query.get("since", "")) or 0,
        until=_moment(query.get("until", ""), end_of=True) or Wanted().until,
    )


def number(text: str) -> int | None:
    """A positive number out of an address."""
    return int(text) if text.isascii() and text.isdigit() and 0 < len(text) <= 18 else None


def _moment(text: str, *, end_of: bool = False) -> int | None:
    """A time as a form's field gives it, in UTC, to ms since the epoch; the end of its minute where that is wanted."""
    try:
        moment = datetime.fromisoformat(text)
        ms = int(moment.replace(tzinfo=moment.tzinfo or UTC).timestamp() * 1000)
    except (ValueError, OverflowError):
        return None
    return ms + 59_999 if end_of else ms


def render(look: Look, found: Page, query: QueryParams, channels: list[str], companies: dict[int, str]) -> str:
    """The page."""
    return page(
        look,
        "/messages",
        "Messages",
        _filters(query, channels),
        tag("div", _list(look, found, query, companies), id="found"),
        live="before" not in query,
    )


def _filters(query: QueryParams, channels: list[str]) -> Html:
    states = [("", "any state"), *((state.value, state.value) for state in State)]
    named = [("", "any channel"), *((name, name) for name in channels)]
    return tag(
        "form",
        _field("id", "Message id", query, inputmode="numeric", class_="short"),
        _field("recipient", "Recipient", query, placeholder="address, user name or number"),
        _choice("state", "State", states, query),
        _choice("channel", "Channel", named, query),
        _field("since", "From (UTC)", query, type="datetime-local"),
        _field("until", "To (UTC)", query, type="datetime-local"),
        tag("div", tag("button", "Search", class_="main"), tag("a", "Clear", href=link("/messages")), class_="press"),
        method="get",
        action=f"{ROOT}/messages",
        class_="filters panel",
        role="search",
    )


def _field(name: str, label: str, query: QueryParams, *, type: str = "text", **attributes: str) -> Html:
    value = query.get(name, "")
    field = tag("input", type=type, name=name, value=value or None, maxlength=200, **attributes)
    return tag("label", tag("span", label), field)


def _choice(name: str, label: str, options: list[tuple[str, str]], query: QueryParams) -> Html:
    chosen = query.get(name, "")
    made = [tag("option", told, value=value, selected=value == chosen) for value, told in options]
    return tag("label", tag("span", label), tag("select", made, name=name))


def _list(look: Look, found: Page, query: QueryParams, companies: dict[int, str]) -> Html:
    further = _further(found, query)
    if not found.views:
        return flow(_nothing(found, query), further)
    several = len(companies) > 1
    columns = ("message", "accepted", *(("company",) if several else ()), "text", "deliveries")
    rows = []
    for view in found.views:
        message = view.message
        company: tuple[Child, ...] = (companies.get(message.company_id, str(message.company_id)),) if several else ()
        rows.append((message_link(message), when(message.created_at, look.now), *company, text(message), pills(view)))
    return flow(table(columns, rows, label="Messages found"), further)


def _nothing(found: Page, query: QueryParams) -> Html:
    if found.further is not None:
        return empty(f"None among the {LOOKED_AT:,} messages that were looked at.")
    if any(query.get(name) for name in ("recipient", "state", "channel", "since", "until", "before")):
        return empty("No message is like that.", tag("a", "Show all", href=link("/messages")))
    return empty("Nothing has been sent yet.")


def _further(found: Page, query: QueryParams) -> Html | None:
    kept = {name: query.get(name, "") for name in ("recipient", "state", "channel", "since", "until")}
    newest = tag("a", "Newest", href=link("/messages", **kept)) if "before" in query else None
    if found.further is None:
        return tag("p", newest, class_="pager") if newest else None
    words = "Older" if found.looked_at_all else "Look further back"
    older = tag("a", words, href=link("/messages", **kept, before=found.further), rel="next")
    return tag("p", newest, older, class_="pager")


def message_link(message: Message) -> Html:
    """The way to a message."""
    kind = "push" if isinstance(message.content, Push) else message.content.format or "text"
    return flow(tag("a", f"{message.id}", href=link(f"/messages/{message.id}")), tag("span", f" {kind}", class_="dim"))


def text(message: Message) -> Html:
    """A push by its title, another by its first line."""
    content = message.content
    told = (content.title or content.body) if isinstance(content, Push) else content.body
    line = told.strip().partition("\n")[0]
    cut = line if len(line) <= _SHOWN else line[: _SHOWN - 1] + "…"
    return tag("span", cut, class_="cut") if cut else tag("span", "no text", class_="dim")


def pills(view: MessageView) -> Html:
    """Its deliveries, counted by channel and state."""
    counts: dict[tuple[str, State], int] = {}
    for delivery in view.deliveries:
        counts[delivery.channel, delivery.state] = counts.get((delivery.channel, delivery.state), 0) + 1
    if not counts:
        return tag("span", "none", class_="dim")
    shown = [
        tag(
            "span", tag("span", channel, class_="dim"), " ", state_pill(state, many if many > 1 else None), class_="way"
        )
        for (channel, state), many in list(counts.items())[:_MOST_PILLS]
    ]
    left = len(counts) - _MOST_PILLS
    return flow(shown, tag("span", f"and {left} more", class_="dim") if left > 0 else None)
