"""Dead letters: what ended badly and why, and sending much of it again at once."""

from __future__ import annotations

from heliograph.core.delivery import Delivery
from heliograph.core.lifecycle import Happening, State, can
from heliograph.core.message import Message
from heliograph.edge.console.frame import ROOT, Look, empty, form, link, page, table
from heliograph.edge.console.messages import message_link, text
from heliograph.edge.console.words import address, when
from heliograph.edge.markup import Child, Html, flow, tag
from heliograph.intake.desk import MOST_AT_ONCE, Page

#: What an operator looks through, and what each means.
_MEANING = {
    State.FAILED: "Refused for good, or given up after the last try.",
    State.EXPIRED: "Their time to live ran out before they could be delivered.",
    State.UNDELIVERED: "Taken by the provider, which could not deliver them.",
}
STATES_SHOWN = tuple(_MEANING)
_MOST_REASONS = 5


def render(look: Look, found: Page, state: State, counts: dict[State, int], *, first: bool) -> str:
    """The page."""
    return page(
        look,
        "/dead-letters",
        "Dead letters",
        _tabs(state, counts),
        tag("p", _MEANING[state], class_="dim"),
        tag("div", _list(look, found, state, counts.get(state, 0), first=first), id="found"),
    )


def _tabs(state: State, counts: dict[State, int]) -> Html:
    tabs = [
        tag(
            "a",
            each.value,
            tag("span", f"{counts.get(each, 0):,}", class_="count"),
            href=link("/dead-letters", state=each.value),
            aria_current="page" if each is state else None,
        )
        for each in STATES_SHOWN
    ]
    return tag("nav", tabs, class_="tabs", aria_label="Kinds")


def _list(look: Look, found: Page, state: State, total: int, *, first: bool) -> Html:
    if not found.views:
        return empty("None. What fails for good is kept here, with the reason, until somebody has looked.")
    again = can(state, Happening.RETRIED)
    rows = [_row(look, view.message, _those(view.deliveries, state), again=again) for view in found.views]
    columns = ("", "message", "accepted", "text", "deliveries", "why") if again else (
        "message", "accepted", "text", "deliveries", "why"
    )  # fmt: skip
    older = (
        tag("a", "Older", href=link("/dead-letters", state=state.value, before=found.further), rel="next")
        if found.further
        else None
    )
    newest = None if first else tag("a", "Newest", href=link("/dead-letters", state=state.value))
    listed = flow(table(columns, rows, label="Dead letters"), tag("p", newest, older, class_="pager"))
    if not again:
        note = "The provider took these: sending them again could deliver them twice, so there is no button for it."
        return flow(listed, tag("p", note, class_="dim"))
    kind = tag("input", type="hidden", name="state", value=state.value)
    return form(look, f"{ROOT}/dead-letters/retry", kind, _press(total), listed)


def _those(deliveries: tuple[Delivery, ...], state: State) -> list[Delivery]:
    return [delivery for delivery in deliveries if delivery.state is state]


def _press(total: int) -> Html:
    all_ = f"Send all {total:,} again" if total <= MOST_AT_ONCE else f"Send the newest {MOST_AT_ONCE} messages' again"
    return tag(
        "div",
        tag("button", "Send the chosen again", class_="main", name="which", value="chosen"),
        tag("button", all_, name="which", value="all", data_sure=f"{all_}?"),
        class_="press",
    )


def _row(look: Look, message: Message, deliveries: list[Delivery], *, again: bool) -> tuple[Child, ...]:
    reasons = list(dict.fromkeys(each.detail for each in deliveries if each.detail))
    why = flow([tag("div", reason) for reason in reasons[:_MOST_REASONS]])
    ways = flow([_way(each) for each in deliveries[:_MOST_REASONS]], _more(len(deliveries) - _MOST_REASONS))
    cells = (message_link(message), when(message.created_at, look.now), text(message), ways, why)
    if not again:
        return cells
    over = all(0 < each.expires_at <= look.now for each in deliveries)
    label = f"Choose message {message.id}"
    box = tag("input", type="checkbox", name="id", value=message.id, aria_label=label)
    return (tag("span", "too late", class_="dim") if over else box, *cells)


def _way(delivery: Delivery) -> Html:
    return tag(
        "div", tag("span", delivery.channel, class_="dim"), " ", tag("span", address(delivery), class_="address")
    )


def _more(many: int) -> Html | None:
    return tag("div", f"and {many:,} more", class_="dim") if many > 0 else None
