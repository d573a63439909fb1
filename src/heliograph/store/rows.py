"""Row <-> noun, and nothing else.

A noun travels between Python and SQL as JSON, both ways: the statements take it apart and the
views of nouns.sql put it together. So one value is bound and one fetched, however many rows
there are, and the columns are named in SQL alone. Bytes are base64 text, msgspec's way.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable
from typing import Any

import msgspec

from heliograph.core.access import AccessToken, Application
from heliograph.core.answer import Answer
from heliograph.core.delivery import Attempt, Claimed, Delivery, InboxItem, Moved, Receipt, Record
from heliograph.core.fallback import Standby
from heliograph.core.lifecycle import State
from heliograph.core.message import Message
from heliograph.core.operators import Session
from heliograph.core.people import Company, Device, Ticket, User
from heliograph.core.replay import Replay
from heliograph.core.roster import CompanyProfile, Profile, UserGroup
from heliograph.core.scripting import DueEvent
from heliograph.core.standing import Backlog, Waiting
from heliograph.core.suppression import Suppression
from heliograph.core.usage import Used

_encode = msgspec.json.Encoder().encode


def text(noun: Any) -> str:
    """The noun as JSON."""
    return _encode(noun).decode()


def record(it: Record) -> str:
    """A record as the JSON array that `records_applied` of batch.sql takes apart: by place, which is quicker than by name."""
    tried, provider_id = it.attempt, it.provider_id or None
    if tried is None:
        return text(
            (it.delivery_id, it.happening, it.lease, it.at, it.due_at, it.refund, it.expires_at, provider_id, it.detail)
        )
    return text(
        (it.delivery_id, it.happening, it.lease, it.at, it.due_at, it.refund, it.expires_at, provider_id, it.detail,
         tried.number, tried.started_at, tried.took_ms, tried.outcome, tried.detail)
    )  # fmt: skip


def array(ids: Iterable[int]) -> str:
    """Ids as a JSON array."""
    return text(list(ids))


def binary(value: bytes) -> str:
    """Bytes as they stand in a column."""
    return b64encode(value).decode()


def folded(name: str) -> str:
    """What two names share that differ in case alone."""
    return name.casefold()


class Answers(msgspec.Struct, frozen=True):
    """What a batch did, as the statement `answers` tells it."""

    moved: dict[int, Moved]  # by the place of the record, from 1
    claimed: dict[int, list[Claimed]]  # by the number of the claim
    items: dict[int, InboxItem]  # by delivery


NO_ANSWERS = Answers({}, {}, {})

_moved = msgspec.json.Decoder(list[tuple[int, int, State, bool]]).decode
_claimed = msgspec.json.Decoder(list[tuple[int, Delivery]]).decode


def answers(moved: str, claimed: str, carried: str, kept: str) -> Answers:
    """The row of the statement `answers`. Deliveries of one message share it."""
    by_id = {message.id: message for message in messages(carried)}
    by_call: dict[int, list[Claimed]] = {}
    for call, delivery in _claimed(claimed):
        by_call.setdefault(call, []).append(Claimed(delivery=delivery, message=by_id[delivery.message_id]))
    return Answers(
        {place: Moved(id, state, went) for place, id, state, went in _moved(moved)},
        by_call,
        {item.delivery_id: item for item in items(kept)},
    )


class _Backlog(msgspec.Struct):
    """The row of the statement `backlog`."""

    waiting: list[tuple[str, State, int, int]]
    bad: dict[State, int]


def backlog(told: str) -> Backlog:
    """What waits, and how much ended badly."""
    found = _decode_backlog(told)
    return Backlog(tuple(Waiting(*row) for row in sorted(found.waiting)), found.bad)


_decode_backlog = msgspec.json.Decoder(_Backlog).decode
ids = msgspec.json.Decoder(list[int]).decode
reasons = msgspec.json.Decoder(dict[str, str]).decode
counts = msgspec.json.Decoder(list[tuple[str, State, int]]).decode
message = msgspec.json.Decoder(Message).decode
messages = msgspec.json.Decoder(list[Message]).decode
deliveries = msgspec.json.Decoder(list[Delivery]).decode
attempts = msgspec.json.Decoder(list[Attempt]).decode
company = msgspec.json.Decoder(Company).decode
companies = msgspec.json.Decoder(list[Company]).decode
user = msgspec.json.Decoder(User).decode
users = msgspec.json.Decoder(list[User]).decode
devices = msgspec.json.Decoder(list[Device]).decode
ticket = msgspec.json.Decoder(Ticket).decode
answer = msgspec.json.Decoder(Answer).decode
answers_given = msgspec.json.Decoder(list[Answer]).decode
item = msgspec.json.Decoder(InboxItem).decode
items = msgspec.json.Decoder(list[InboxItem]).decode
events = msgspec.json.Decoder(list[DueEvent]).decode
receipts = msgspec.json.Decoder(list[Receipt]).decode
used = msgspec.json.Decoder(list[tuple[int, int]]).decode
usage = msgspec.json.Decoder(list[Used]).decode
standbys = msgspec.json.Decoder(list[Standby]).decode
operator_session = msgspec.json.Decoder(Session).decode
operator_sessions = msgspec.json.Decoder(list[Session]).decode
access_token = msgspec.json.Decoder(AccessToken).decode
access_tokens = msgspec.json.Decoder(list[AccessToken]).decode
application = msgspec.json.Decoder(Application).decode
applications = msgspec.json.Decoder(list[Application]).decode
replay = msgspec.json.Decoder(Replay).decode
profiles = msgspec.json.Decoder(list[Profile]).decode
company_profile = msgspec.json.Decoder(CompanyProfile).decode
groups = msgspec.json.Decoder(list[UserGroup]).decode
suppressions = msgspec.json.Decoder(list[Suppression]).decode
