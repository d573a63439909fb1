"""`console`, run as an operator runs it, beside a gateway that serves."""

from __future__ import annotations

import re
import urllib.error
import urllib.parse
import urllib.request
from typing import Any

import pytest
from tests.cli.terminal import Terminal

from heliograph.cli.console import address
from heliograph.config.settings import ServerSettings, Settings

pytestmark = pytest.mark.slow


def enter(url: str, code: str) -> tuple[int, str]:
    """Use the code; the status, and the cookie."""

    class Stay(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, *given: Any) -> None:
            return None

    form = urllib.parse.urlencode({"code": code}).encode()
    request = urllib.request.Request(f"{url}/console/sign-in", form, {"Origin": url})  # noqa: S310 - our own address
    try:
        with urllib.request.build_opener(Stay).open(request, timeout=60) as answer:
            return answer.status, ""
    except urllib.error.HTTPError as told:
        return told.code, told.headers.get("Set-Cookie", "").partition(";")[0]


def test_a_link_lets_one_in_who_can_be_sent_out_again(terminal: Terminal, company: dict[str, Any]) -> None:
    shown = terminal.ok("console", "link").out
    assert re.search(r"^http://127\.0\.0\.1:8025/console/sign-in#[a-z2-7-]{35}$", shown, re.MULTILINE)
    code = terminal.ok("console", "link", "--json").json["code"]
    for file in terminal.data.iterdir():
        if file.is_file():
            assert code.replace("-", "").encode() not in file.read_bytes()
    with terminal.running("serve", "--port", "0") as process:
        assert process.stdout is not None
        url = process.stdout.readline().split()[-1]
        link = terminal.ok("console", "link", "--json").json["url"]
        assert link.startswith(f"{url}/console/sign-in#"), "it leads to where the running gateway listens"
        status, cookie = enter(url, code)
        assert (status, cookie.partition("=")[0]) == (303, "heliograph-console")
        assert enter(url, code)[0] == 401
        [session] = terminal.ok("console", "list", "--json").json
        assert session["associate_id"] is None
        assert "Command line" in terminal.ok("console", "list").out
        assert terminal.ok("console", "sign-out", str(session["session_id"])).out == "1 sign-in has ended.\n"
        assert terminal.run("console", "sign-out", str(session["session_id"])).code == 1
        assert terminal.run("console", "sign-out").code == 2
        assert terminal.ok("console", "list", "--json").json == []
    assert terminal.ok("console", "link", "--json").json["url"].startswith("http://127.0.0.1:8025/"), "none runs"


def test_without_a_console_there_is_no_link_into_it(terminal: Terminal, company: dict[str, Any]) -> None:
    told = terminal.run("console", "link", environ={"HELIOGRAPH_CONSOLE__ENABLED": "false"})
    assert (told.code, "console.enabled is false" in told.err) == (2, True)


@pytest.mark.parametrize(
    ("server", "told"),
    [
        (ServerSettings(), "http://127.0.0.1:8025/console"),
        (ServerSettings(host="0.0.0.0", port=80), "http://127.0.0.1:80/console"),
        (ServerSettings(host="::1"), "http://[::1]:8025/console"),
        (ServerSettings(public_url="https://push.example.com/"), "https://push.example.com/console"),
    ],
)
def test_the_link_names_the_address_that_a_browser_can_use(server: ServerSettings, told: str) -> None:
    assert address(Settings(server=server)) == told
