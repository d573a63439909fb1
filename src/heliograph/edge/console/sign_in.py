"""The sign-in page."""

from __future__ import annotations

from heliograph.edge.console.frame import ROOT, brand, whole
from heliograph.edge.markup import Html, flow, tag


def render(assets: str, *, after: str, refused: str, several: bool, allowed: bool, passwords: bool) -> str:
    """Two ways in: a password, or a one-time code. `after` is where it goes on, `several` asks for the company too."""
    warning = tag(
        "p",
        "This page came over plain HTTP from another machine, so that a password could be read on the way. Use HTTPS "
        "(behind a proxy that has it, set server.public_url), or a browser on the gateway's own machine; console.plain_http "
        "allows it all the same.",
        class_="notice bad",
    )
    ways = flow(_password(after, several) if passwords else None, _code(after))
    content = tag(
        "main",
        brand(),
        tag("h1", "Operator console"),
        tag("p", refused, class_="notice bad", role="alert") if refused else None,
        ways if allowed else warning,
        id="main",
        class_="door",
        tabindex="-1",
    )
    return whole("Sign in - Heliograph", assets, content)


def _password(after: str, several: bool) -> Html:
    company = _field("company", "Company number", inputmode="numeric", autocomplete="organization") if several else None
    return tag(
        "form",
        tag("h2", "With a password"),
        company,
        _field("user_name", "User name", autocomplete="username", required=True, autofocus=True),
        _field("password", "Password", type="password", autocomplete="current-password", required=True),
        tag("input", type="hidden", name="after", value=after),
        tag("button", "Sign in", class_="main"),
        tag("p", "For administrators.", class_="dim"),
        method="post",
        action=f"{ROOT}/sign-in",
        class_="panel",
    )


def _code(after: str) -> Html:
    hint = flow("On the gateway's machine, ", tag("code", "heliograph console link"), " prints one.")
    return tag(
        "form",
        tag("h2", "With a one-time code"),
        _field("code", "Code", autocomplete="one-time-code", required=True, spellcheck="false"),
        tag("input", type="hidden", name="after", value=after),
        tag("button", "Sign in with the code"),
        tag("p", hint, class_="dim"),
        method="post",
        action=f"{ROOT}/sign-in",
        class_="panel",
    )


def _field(name: str, label: str, *, type: str = "text", **attributes: str | bool) -> Html:
    field = tag("input", type=type, name=name, id=name, maxlength=1024, **attributes)
    return flow(tag("label", label, for_=name), field)
