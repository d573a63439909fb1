"""What a caller asked us to say; frozen once accepted."""

from __future__ import annotations

from enum import StrEnum

import msgspec


class PushType(StrEnum):
    """The Pocket notification types, by their names on the wire."""

    MESSAGE = "Message"
    IMPORTANT = "ImportantMessage"
    REMOTE_ACTION = "RemoteAction"
    QUESTION = "YesNoQuestion"
    WEB_PAGE = "ShowWebPage"


class Push(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="push", omit_defaults=True):
    """A notification for people's devices and inboxes."""

    title: str = ""
    body: str = ""
    url: str = ""
    type: PushType = PushType.MESSAGE
    silent: bool = False
    record_id: int = 0
    date: str = ""  # ISO 8601, as the caller gave it: when the event happens
    duration: str = ""  # ISO 8601 duration: how long the event lasts
    display_seconds: int = 0  # how long the device shows it; 0 is for ever
    data: dict[str, str] = {}


class Text(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="text", omit_defaults=True):
    """A message to one address: SMS, mail, webhook, inbox."""

    sender: str = ""
    to: str = ""
    body: str = ""
    format: str = ""
    parent_id: int = 0  # the MessagingId this one follows or answers
    session_key: str = ""  # the thread
    inbound: bool = False  # someone outside sent it to us
    plugin: str = ""  # inbound: the channel it came through, where one is named
    subject: str = ""  # inbound: of a mail
    reference: str = ""  # Message-ID of the mail that this one is (inbound) or answers


Content = Push | Text


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """One thing to say, with its id and its time to live."""

    id: int  # positive, fits xs:int: the MessagingId on the wire
    company_id: int
    sender_id: int | None  # the associate who sent it; None for a machine with an integration key
    created_at: int  # ms since the epoch
    expires_at: int  # ms since the epoch: nothing is tried from then on
    content: Content
    urgent: bool = False
