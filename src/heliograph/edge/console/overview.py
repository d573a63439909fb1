"""The first page: is all well, what waits, what happened in the last hour."""

from __future__ import annotations

from collections.abc import Iterator

from heliograph.core.lifecycle import State
from heliograph.core.standing import Minute
from heliograph.edge.console.frame import ROOT, Look, empty, link, page, section, table
from heliograph.edge.console.messages import message_link
from heliograph.edge.console.words import BAD, GOOD, UNDER_WAY, count, pill, span, state_pill, when
from heliograph.edge.markup import Child, Html, flow, tag
from heliograph.intake.desk import INTERNAL, ChannelView, Overview, late

_UNDER_WAY = (State.QUEUED, State.LEASED, State.HELD)
_HEIGHT = 56  # of the chart, in its own units
_STEP = 10  # from one minute to the next


def render(look: Look, seen: Overview) -> str:
    """The page."""
    parts: list[Child] = [_attention(seen) if look.operator.everywhere else None, _tiles(look, seen)]
    if look.operator.everywhere:
        parts += [_hour(seen.minutes), _channels(seen)]
    else:
        parts.append(_waiting(seen))
    parts.append(_latest(look, seen))
    return page(look, "", "Overview", *parts, live=True)


def _attention(seen: Overview) -> Html:
    items = list(_worries(seen))
    if not items:
        return tag("p", pill("all is well", GOOD), " Nothing needs you.", class_="state", id="attention")
    listed = tag("ul", [tag("li", item) for item in items], class_="worries")
    return section(count(len(items), "thing needs you", "things need you"), listed, id="attention")


def _worries(seen: Overview) -> Iterator[Html]:
    if seen.health.get("status", "ok") != "ok":
        yield flow(pill("nothing is accepted", BAD), f" {seen.health.get('store', '')}")
    if not seen.dispatching:
        yield flow(pill("not dispatching", BAD), " Messages are kept and not tried: dispatch.enabled is false.")
    for view in seen.channels:
        name = tag("a", view.name, href=link("/channels") + f"#channel-{view.name}")
        if view.lane is not None and view.lane.paused:
            mend = tag("span", "Mend its settings and restart, or wait: it is tried again by itself.", class_="dim")
            yield flow(pill("paused", BAD), " ", name, ": ", view.lane.paused, " ", mend)
        elif view.lane is not None and view.lane.away:
            again = tag("span", "It is looked for at least twice a minute; nothing is lost meanwhile.", class_="dim")
            yield flow(pill("away", BAD), " ", name, ": its provider cannot be reached: ", view.lane.away, ". ", again)
        elif late(view):
            told = f": what waits longest has been due for {span(view.overdue)}. Its provider is slow or away."
            yield flow(pill("late", UNDER_WAY), " ", name, told)
        if not view.kind:
            waits = count(sum(view.waiting.values()), "delivery waits", "deliveries wait")
            yield flow(pill("not configured", BAD), f" {view.name}: {waits} for a channel that is not configured.")
    webhooks = seen.health.get("webhooks", {})
    for what in ("failing", "disabled"):
        if many := webhooks.get(what, 0):
            told = f" {count(many, 'endpoint')} of event notifications. heliograph webhooks list says which."
            yield flow(pill(what, BAD if what == "disabled" else UNDER_WAY), told)
    for script in seen.scripts:
        name = tag("a", script.name, href=link("/scripts"))
        yield flow(pill(script.state, BAD), " ", name, ": ", script.problem)


def _tiles(look: Look, seen: Overview) -> Html:
    waiting = sum(row.many for row in seen.backlog.waiting)
    tiles = [_tile("waiting", f"{waiting:,}", "deliveries under way", link("/messages", state="queued"))]
    if seen.minutes:
        accepted = sum(minute.accepted for minute in seen.minutes)
        taken = sum(minute.taken for minute in seen.minutes)
        lately = f"in the last hour, {seen.minutes[-2].accepted:,} in the last minute"
        tiles.append(_tile("accepted", f"{accepted:,}", lately, link("/messages")))
        tiles.append(_tile("delivered", f"{taken:,}", "in the last hour", link("/messages", state="sent")))
    for state in (State.FAILED, State.EXPIRED, State.UNDELIVERED):
        many = seen.backlog.bad.get(state, 0)
        if many or state is State.FAILED:
            href = link("/dead-letters", state=state.value)
            tiles.append(_tile(state.value, f"{many:,}", "deliveries kept", href, bad=bool(many)))
    return tag("div", tiles, class_="tiles", id="tiles")


def _tile(name: str, number: str, note: str, href: str, *, bad: bool = False) -> Html:
    inner = (tag("span", name, class_="name"), tag("strong", number), tag("span", note, class_="dim"))
    return tag("a", *inner, href=href, class_="tile bad" if bad else "tile")


def _hour(minutes: tuple[Minute, ...]) -> Html:
    most = max((minute.accepted for minute in minutes), default=0)
    most = max(most, *(minute.taken + minute.bad for minute in minutes))
    if not most:
        return section("The last hour", empty("Nothing was sent in the last hour."), id="hour")
    bars = [_bars(number, minute, most) for number, minute in enumerate(minutes)]
    words = f"Deliveries a minute over the last hour; the busiest minute had {most:,}."
    chart = tag(
        "svg",
        tag("title", words),
        bars,
        viewBox=f"0 0 {_STEP * len(minutes)} {_HEIGHT}",
        preserveAspectRatio="none",
        role="img",
        class_="chart",
    )
    legend = tag(
        "p",
        tag("span", "accepted", class_="key accepted"),
        tag("span", "taken", class_="key taken"),
        tag("span", "ended badly", class_="key ended"),
        tag("span", f"busiest minute: {most:,}", class_="dim"),
        class_="legend",
    )
    axis = tag("p", tag("span", "1 h ago"), tag("span", "30 min ago"), tag("span", "now"), class_="axis")
    return section("The last hour", tag("div", chart, axis, class_="panel"), legend, id="hour")


def _bars(number: int, minute: Minute, most: int) -> Html:
    x, width = number * _STEP, _STEP * 4 // 10
    taken, ended = _height(minute.taken, most), _height(minute.bad, most)
    return flow(
        _bar(x, 0, _height(minute.accepted, most), "accepted"),
        _bar(x + width, 0, taken, "taken"),
        _bar(x + width, taken, ended, "ended"),
    )


def _height(many: int, most: int) -> int:
    return max(round(many / most * _HEIGHT), 2) if many else 0


def _bar(x: int, above: int, height: int, class_: str) -> Html | None:
    if not height:
        return None
    return tag("rect", x=x, y=_HEIGHT - above - height, width=_STEP * 4 // 10, height=height, class_=class_)


def _channels(seen: Overview) -> Html:
    rows = [(_name(view), channel_state(view), *_amounts(view)) for view in seen.channels]
    columns = ("channel", "state", *(state.value for state in _UNDER_WAY), "longest due")
    right = columns[2:]
    more = tag("a", "All about channels", href=f"{ROOT}/channels")
    return section("Channels", table(columns, rows, label="Channels", right=right), id="channels", note=more)


def _name(view: ChannelView) -> Html:
    if view.kind == INTERNAL:
        return tag("a", view.kind, href=link("/channels"))
    return tag("a", view.name, href=link("/messages", channel=view.name))


def channel_state(view: ChannelView) -> Html:
    """How a channel stands, in a word."""
    if not view.kind:
        return pill("not configured", BAD, "deliveries wait for it all the same")
    if view.lane is None:
        return pill("unknown", UNDER_WAY)
    if view.lane.paused:
        return pill("paused", BAD, view.lane.paused)
    if view.lane.away:
        return pill("away", BAD, view.lane.away)
    if view.lane.slowed:
        return pill("slowed", UNDER_WAY, "the provider asked it to slow down")
    return pill("late", UNDER_WAY, "deliveries have been due for long") if late(view) else pill("working", GOOD)


def _amounts(view: ChannelView) -> list[str]:
    amounts = [f"{view.waiting.get(state, 0):,}" for state in _UNDER_WAY]
    return [*amounts, span(view.overdue) if view.overdue >= 1 else "-"]


def _latest(look: Look, seen: Overview) -> Html | None:
    """The newest dead letters and their reasons."""
    if not seen.latest:
        return None
    rows = []
    for view in seen.latest:
        failed = [each for each in view.deliveries if each.state is State.FAILED]
        reasons = flow([tag("div", reason) for reason in list(dict.fromkeys(each.detail for each in failed))[:2]])
        channels = ", ".join(dict.fromkeys(each.channel for each in failed))
        rows.append((message_link(view.message), when(view.message.created_at, look.now), channels, reasons))
    told = table(("message", "accepted", "channel", "why"), rows, label="Latest dead letters")
    more = tag("a", "All dead letters", href=f"{ROOT}/dead-letters")
    return section("Latest dead letters", told, id="latest", note=more)


def _waiting(seen: Overview) -> Html:
    rows = [(row.channel, state_pill(row.state), f"{row.many:,}") for row in seen.backlog.waiting]
    if not rows:
        return section("Under way", empty("Nothing waits: every delivery has come to rest."), id="waiting")
    told = table(("channel", "state", "deliveries"), rows, label="Under way", right=("deliveries",))
    return section("Under way", told, id="waiting")
