"""Whatever a provider answers, or whoever stands between us and it, the channel comes to an outcome."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from heliograph.channels.apns.verdicts import Verdicts as AppleVerdicts
from heliograph.channels.fcm.account import read_account
from heliograph.channels.fcm.grant import Grant, GrantFailed
from heliograph.channels.fcm.verdicts import Verdicts as GoogleVerdicts
from heliograph.channels.transport import GuardedTransport
from heliograph.core.outcome import Accepted, Deferred, Gone, Outcome, Refused
from heliograph.core.ports import Reply
from heliograph.testing.apns import pem_of
from heliograph.testing.clock import JumpingClock
from heliograph.testing.fcm import account_file, new_account_key
from heliograph.testing.resolver import ScriptedResolver
from heliograph.testing.tools import LOOPBACK

ACCOUNT = read_account(account_file(pem_of(new_account_key()), "https://127.0.0.1:9/token"))
DEEP = [b"[" * 65_536, b'{"error":' * 7_000, b'{"reason":' * 6_000, b'{"error":{"details":[' + b'{"a":' * 12_000]

KEYS = st.sampled_from(
    ["error", "reason", "timestamp", "status", "message", "details", "@type", "errorCode", "fieldViolations", "name"]
)
JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(KEYS, inner),
    max_leaves=8,
)
BODIES = st.binary(max_size=200) | JSON.map(lambda value: msgspec.json.encode(value))
REPLIES = st.builds(
    lambda status, headers, body: Reply(status=status, headers=headers, body=body),
    st.sampled_from([200, 204, 302, 400, 401, 403, 404, 410, 413, 429, 500, 503]) | st.integers(100, 999),
    st.dictionaries(st.sampled_from(["retry-after", "apns-id", "date"]), st.text(max_size=40)),
    BODIES,
)


def sound(outcome: Outcome) -> None:
    assert isinstance(outcome, Accepted | Deferred | Refused | Gone)
    assert outcome.detail.isprintable()
    assert len(outcome.detail) < 300


def verdicts() -> GoogleVerdicts:
    clock = JumpingClock()
    return GoogleVerdicts(clock, Grant(ACCOUNT, GuardedTransport(LOOPBACK, ScriptedResolver({})), clock, 1.0))


@given(REPLIES, st.integers(1, 100))
def test_whatever_is_said_in_apples_name_is_an_outcome(reply: Reply, attempt: int) -> None:
    sound(AppleVerdicts(JumpingClock(), None, lambda: None).outcome(reply, proof="", attempt=attempt))


@given(REPLIES, st.integers(1, 100))
def test_whatever_is_said_in_googles_name_is_an_outcome(reply: Reply, attempt: int) -> None:
    sound(verdicts().outcome(reply, token="t", attempt=attempt))


@pytest.mark.parametrize("body", DEEP, ids=["lists", "errors", "reasons", "details"])
@pytest.mark.parametrize("status", [200, 400, 403, 410])
def test_an_answer_nested_without_end_is_an_outcome(body: bytes, status: int) -> None:
    reply = Reply(status=status, headers={}, body=body)
    sound(AppleVerdicts(JumpingClock(), None, lambda: None).outcome(reply, proof="", attempt=1))
    sound(verdicts().outcome(reply, token="t", attempt=1))


@given(REPLIES)
def test_whatever_is_said_to_the_request_for_an_access_token_is_a_token_or_an_outcome(reply: Reply) -> None:
    class Liar:
        async def request(self, *asked: object, **told: object) -> Reply:
            return reply

        def leave(self, url: str, *, identity: object = None) -> None: ...
        async def close(self) -> None: ...

    async def ask() -> None:
        try:
            assert await Grant(ACCOUNT, Liar(), JumpingClock(), 1.0).token()
        except GrantFailed as failure:
            sound(failure.outcome)

    asyncio.run(ask())
