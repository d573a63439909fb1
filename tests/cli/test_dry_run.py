"""`heliograph send --dry-run` tells and stores nothing; `message show` says what an SMS could cost less."""

from __future__ import annotations

from typing import Any

import pytest
from tests.cli.terminal import Terminal

pytestmark = pytest.mark.slow

CHANNELS = """
[channels.sms]
kind = "http_sms"
profile = "twilio"
"""
COSTLY = "It\u2019s lit. " + "a" * 90
HINT = "U+2019 \u2019 forces UCS-2: 2 parts instead of 1; replace it by '."


@pytest.fixture
def configured(terminal: Terminal, company: dict[str, Any]) -> Terminal:
    (terminal.folder / "heliograph.toml").write_text(CHANNELS)
    terminal.ok("user", "add", "anna", "--email", "anna@example.com")
    return terminal


def test_a_text_is_told_with_parts_alphabet_and_hint_and_nothing_is_stored(configured: Terminal) -> None:
    told = configured.ok("send", "--dry-run", "--plugin", "sms", "--to", "+4712345678", "--text", COSTLY, "--json").json
    [message] = told["messages"]
    [way] = message["ways"]
    assert (way["parts"], way["encoding"], way["hint"]) == (2, "ucs-2", HINT)
    shown = configured.ok("send", "--dry-run", "--plugin", "sms", "--to", "+4712345678", "--text", "lit").out
    assert "gsm" in shown
    assert "Nothing was sent or stored." in shown
    assert configured.ok("message", "list", "--json").json == []


def test_a_push_is_told_for_the_inbox(configured: Terminal) -> None:
    [message] = configured.ok("send", "--dry-run", "--user", "anna", "--title", "Fog", "--json").json["messages"]
    assert message["channels"] == {"inbox": 1}
    assert configured.ok("message", "list", "--json").json == []


def test_what_would_be_refused_ends_with_exit_code_1_and_the_reason(configured: Terminal) -> None:
    refused = configured.run("send", "--dry-run", "--plugin", "sms", "--to", "nobody", "--text", "lit")
    assert refused.code == 1
    assert "refused" in refused.out
    assert "telephone number" in " ".join(refused.out.split())


def test_a_message_that_was_sent_is_shown_with_what_it_could_have_cost_less(configured: Terminal) -> None:
    sent = configured.ok(
        "send", "--plugin", "sms", "--to", "+4712345678", "--text", COSTLY, "--wait", "0", "--json"
    ).json
    shown = configured.ok("message", "show", str(sent["id"]))
    assert "forces UCS-2: 2 parts instead of 1" in " ".join(shown.out.split())
    told = configured.ok("message", "show", str(sent["id"]), "--json").json
    assert list(told["hints"].values()) == [HINT]
