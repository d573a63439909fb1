"""Channels: how each stands, what its provider said last, and a button that tries it."""

from __future__ import annotations

import msgspec

from heliograph.core.lifecycle import State
from heliograph.core.standing import Lane
from heliograph.edge.console.frame import ROOT, Look, empty, facts, form, link, page
from heliograph.edge.console.overview import channel_state
from heliograph.edge.console.words import BAD, GOOD, count, pill, span, state_pill, when
from heliograph.edge.markup import Child, Html, flow, tag
from heliograph.intake.desk import INTERNAL, ChannelView


class Checked(msgspec.Struct, frozen=True):
    """What a channel said when it was last asked to check itself."""

    ok: bool
    sentence: str
    at: int  # ms since the epoch


def render(look: Look, views: list[ChannelView], checked: dict[str, Checked]) -> str:
    """The page."""
    cards = [_card(look, view, checked.get(view.name)) for view in views]
    every = form(look, f"{ROOT}/channels/check", tag("button", "Check all"), class_="press")
    nothing = empty("No channel is configured.") if not cards else None
    return page(look, "/channels", "Channels", every, tag("div", cards, nothing, id="cards"), live=True)


def _card(look: Look, view: ChannelView, checked: Checked | None) -> Html:
    lane = view.lane
    head = tag(
        "div", channel_state(view), tag("strong", view.name), tag("span", view.kind, class_="dim"), class_="line"
    )
    return tag(
        "article",
        tag("div", head, _check(look, view), class_="split"),
        facts(
            {
                "paused because": _held_up(lane, lane.paused) if lane is not None else "",
                "provider away": _held_up(lane, lane.away) if lane is not None else "",
                "waiting": _waiting(view),
                "longest due": span(view.overdue) if view.overdue >= 1 else "",
                "tries under way": _tries(view),
                "hosts left alone": _held(view),
                "latest trouble": _trouble(look, view),
                "last check": _checked(look, checked),
                "formats": ", ".join(view.formats),
                "messages": _messages(view),
            }
        ),
        class_="panel",
        id=f"channel-{view.name}",
    )


def _messages(view: ChannelView) -> Child:
    """The way to those it carries; notices are in no list of messages."""
    return "" if view.kind == INTERNAL else tag("a", "show", href=link("/messages", channel=view.name))


def _check(look: Look, view: ChannelView) -> Html | None:
    if view.kind in ("", INTERNAL):
        return None
    chosen = tag("input", type="hidden", name="channel", value=view.name)
    button = tag("button", "Check", aria_label=f"Check {view.name}")
    return form(look, f"{ROOT}/channels/check", chosen, button)


def _held_up(lane: Lane, why: str) -> Child:
    if not why:
        return ""
    soon = "shortly" if lane.next_claim_in < 1 else f"in {span(lane.next_claim_in)}"
    again = f"It is tried again {soon}; nothing is lost meanwhile."
    return flow(tag("strong", why), tag("div", again, class_="dim"))


def _waiting(view: ChannelView) -> Child:
    amounts = [(state, view.waiting.get(state, 0)) for state in (State.QUEUED, State.LEASED, State.HELD)]
    shown = [flow(state_pill(state, many), " ") for state, many in amounts if many]
    return flow(shown) if shown else "nothing"


def _tries(view: ChannelView) -> str:
    return f"{view.lane.running} of at most {view.lane.concurrency}" if view.lane is not None else ""


def _held(view: ChannelView) -> str:
    return count(view.lane.held_endpoints, "host") if view.lane is not None and view.lane.held_endpoints else ""


def _trouble(look: Look, view: ChannelView) -> Child:
    if view.trouble is None:
        return tag("span", "none since the start", class_="dim")
    said = view.trouble.detail or "no words"
    return flow(pill(view.trouble.outcome, BAD), " ", said, " ", when(view.trouble.at, look.now))


def _checked(look: Look, checked: Checked | None) -> Child:
    if checked is None:
        return ""
    verdict = pill("works", GOOD) if checked.ok else pill("fails", BAD)
    return flow(verdict, " ", checked.sentence, " ", when(checked.at, look.now))
