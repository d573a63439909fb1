"""The log shows what operators need and nothing that anyone could use."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator

import msgspec
import pytest
import structlog

from heliograph.config.settings import LogSettings
from heliograph.observe.log import set_up
from heliograph.observe.redact import masked


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    yield io.StringIO()
    root.handlers = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def lines(stream: io.StringIO) -> list[dict[str, object]]:
    return [msgspec.json.decode(line) for line in stream.getvalue().splitlines()]


def test_away_from_a_terminal_a_line_is_a_json_object_with_a_stable_word(stream: io.StringIO) -> None:
    set_up(LogSettings(), stream)
    structlog.get_logger().info("A channel works again.", action="channel_resumed", channel="mail", seconds=1.5)
    [line] = lines(stream)
    assert line.pop("timestamp")
    assert line == {
        "event": "A channel works again.",
        "action": "channel_resumed",
        "channel": "mail",
        "seconds": 1.5,
        "level": "info",
    }


@pytest.mark.parametrize(
    "field",
    ["password", "ticket", "integration_key", "IntegrationKey", "authorization", "handle", "config", "body",
     "session_token", "client_secret", "title", "phone", "email", "to"],
)  # fmt: skip
def test_a_field_that_is_not_allowed_is_withheld(stream: io.StringIO, field: str) -> None:
    set_up(LogSettings(), stream)
    structlog.get_logger().info("Said.", **{field: "canary-4711"})
    assert "canary" not in stream.getvalue()
    assert lines(stream)[0][field] == "[withheld]"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("mail to kari.nordmann@example.com bounced", "mail to k***@example.com bounced"),
        ("sms to +47 912 34 567 failed", "sms to +47*****67 failed"),
        ("sms to 004791234567 failed", "sms to 0047*****67 failed"),
        ("ticket 7T:QQBCAEMARABFAEYA= expired", "ticket 7T:[withheld] expired"),
        ("Authorization: Bearer abcdefghijkl.mnop", "Authorization: Bearer [withheld]"),
        ("GET /x?IntegrationKey=abc123&CompanyId=1", "GET /x?IntegrationKey=[withheld]&CompanyId=1"),
        ('{"password": "hunter2"}', '{"password": "[withheld]"}'),
        ("https://user:pass@example.com/", "https://[withheld]@example.com/"),
        ("one\nlevel=error two\r\x1b[31m\u2028", "one\\nlevel=error two\\r\\x1b[31m\\u2028"),
        ("2026-11-21T12:00:00Z took 12345678 rows", "2026-11-21T12:00:00Z took 12345678 rows"),
    ],
)
def test_what_must_not_be_read_is_masked_inside_sentences(text: str, shown: str) -> None:
    assert masked(text) == shown


def test_a_long_text_is_cut() -> None:
    assert len(masked("x" * 100_000)) == 2000


def test_a_forged_line_stays_inside_its_own(stream: io.StringIO) -> None:
    set_up(LogSettings(format="text"), stream)
    structlog.get_logger().warning("Odd.", reason="a\n2026-01-01 error forged", action="odd")
    assert len(stream.getvalue().splitlines()) == 1


def test_a_traceback_is_shown_behind_bars_and_masked(stream: io.StringIO) -> None:
    set_up(LogSettings(format="text"), stream)
    try:
        raise ValueError("password=hunter2\nforged line")
    except ValueError:
        structlog.get_logger().exception("It failed.", action="bug")
    first, *rest = stream.getvalue().splitlines()
    assert "It failed. action=bug" in first
    assert rest
    assert all(line.startswith("    | ") for line in rest)
    assert "hunter2" not in stream.getvalue()


def test_lines_below_the_level_are_not_written(stream: io.StringIO) -> None:
    set_up(LogSettings(level="warning"), stream)
    structlog.get_logger().info("Quiet.")
    assert stream.getvalue() == ""


def test_what_libraries_warn_of_takes_the_same_way(stream: io.StringIO) -> None:
    set_up(LogSettings(), stream)
    logging.getLogger("some.library").warning("could not reach %s", "ola@example.com")
    [line] = lines(stream)
    assert line["action"] == "library"
    assert line["event"] == "could not reach o***@example.com"
