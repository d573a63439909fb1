"""Scripts: the files, what each listens to, what failed lately and where."""

from __future__ import annotations

from collections.abc import Sequence

from heliograph.core.standing import Mishap, ScriptState
from heliograph.edge.console.frame import ROOT, Look, empty, facts, form, page, section
from heliograph.edge.console.words import BAD, GOOD, pill, when
from heliograph.edge.markup import Child, Html, flow, tag

_SHOWN = 20  # kinds of failure


def render(look: Look, states: Sequence[ScriptState], mishaps: Sequence[Mishap]) -> str:
    """The page."""
    hint = "Reads the folder now, and enables disabled scripts again."
    reload = form(
        look, f"{ROOT}/scripts/reload", tag("button", "Reload"), tag("span", hint, class_="dim"), class_="press"
    )
    cards = [_card(state, [each for each in mishaps if each.script == state.name]) for state in states]
    nothing = empty("There are no scripts.", tag("p", "A file put into the scripts folder runs within two seconds."))
    listed = tag("div", cards or nothing, id="cards")
    return page(look, "/scripts", "Scripts", reload, listed, _mishaps(look, mishaps), live=True)


def _card(state: ScriptState, mishaps: list[Mishap]) -> Html:
    colour = GOOD if not state.problem else BAD
    head = tag("div", pill(state.state, colour), tag("strong", state.name), class_="line")
    return tag(
        "article",
        head,
        facts(
            {
                "problem": state.problem,
                "listens to": flow([tag("div", event) for event in state.events]) if state.events else "nothing",
                "broken limits": state.breaches or "",
                "failures lately": len(mishaps) or "",
            }
        ),
        class_="panel",
    )


def _mishaps(look: Look, mishaps: Sequence[Mishap]) -> Html:
    if not mishaps:
        return section("Failures", empty("No script has failed since the gateway was started."), id="failures")
    alike: dict[tuple[str, str, str], list[Mishap]] = {}  # newest first, so that the newest comes first of its kind
    for each in mishaps:
        alike.setdefault((each.event, each.method, each.reason), []).append(each)
    shown: list[Child] = [_mishap(look, each) for each in list(alike.values())[:_SHOWN]]
    return section("Failures", shown, id="failures")


def _mishap(look: Look, alike: list[Mishap]) -> Html:
    """The newest of those that say the same, and how many they are."""
    mishap = alike[0]
    head = tag(
        "div",
        tag("strong", mishap.place or mishap.script),
        tag("span", f"{mishap.event} {mishap.method}", class_="dim"),
        when(mishap.at, look.now),
        tag("span", f"{len(alike)} times lately", class_="dim") if len(alike) > 1 else None,
        class_="line",
    )
    key = f"trace-{mishap.script}-{mishap.event}-{mishap.method}"
    trace = (
        tag("details", tag("summary", "Traceback"), tag("pre", mishap.trace, class_="said"), id=key)
        if mishap.trace
        else None
    )
    return tag("article", head, tag("p", mishap.reason, class_="reason"), trace, class_="panel")
