"""Access: who is signed in to the console, and programs' access tokens."""

from __future__ import annotations

from collections.abc import Sequence

from heliograph.core.access import AccessToken
from heliograph.core.operators import Session
from heliograph.edge.console.frame import ROOT, Look, empty, form, page, section, table
from heliograph.edge.console.words import BAD, GOOD, pill, when
from heliograph.edge.markup import Child, Html, tag


def render(look: Look, sessions: Sequence[Session], tokens: Sequence[AccessToken], companies: dict[int, str]) -> str:
    """The page."""
    return page(look, "/access", "Access", _sessions(look, sessions, companies), _tokens(look, tokens, companies))


def _sessions(look: Look, sessions: Sequence[Session], companies: dict[int, str]) -> Html:
    rows = [
        (
            session.name,
            companies.get(session.company_id, str(session.company_id)) if session.company_id else "one-time code",
            when(session.opened_at, look.now),
            when(session.seen_at, look.now),
            when(session.ends_at, look.now),
            _end(look, session),
        )
        for session in sessions
    ]
    columns = ("who", "came from", "signed in", "last seen", "ends", "")
    return section("Console sign-ins", table(columns, rows, label="Console sign-ins"), id="sign-ins")


def _end(look: Look, session: Session) -> Child:
    if session.id == look.operator.session_id:
        return tag("span", "this one", class_="dim")
    chosen = tag("input", type="hidden", name="session", value=session.id)
    button = tag("button", "End", class_="danger", aria_label=f"End the sign-in of {session.name}")
    return form(look, f"{ROOT}/access/end", chosen, button)


def _tokens(look: Look, tokens: Sequence[AccessToken], companies: dict[int, str]) -> Html:
    hint = tag("p", "Made and ended on the command line: ", tag("code", "heliograph token add"), class_="dim")
    if not tokens:
        return section("Access tokens", empty("There are none.", hint), id="tokens")
    rows = [
        (
            str(token.id),
            token.name,
            companies.get(token.company_id, str(token.company_id)),
            f"associate {token.associate_id}" if token.associate_id is not None else "machine",
            ", ".join(token.scopes),
            pill("ended", BAD) if token.expires_at <= look.now else pill("valid", GOOD),
            when(token.expires_at, look.now),
        )
        for token in tokens
    ]
    columns = ("id", "name", "company", "acts as", "scopes", "state", "expires")
    return section("Access tokens", table(columns, rows, label="Access tokens"), hint, id="tokens")
