"""The values service methods take and give, by the contract's names in snake case.

Scripts see exactly these. How they travel (SOAP, JSON, XML) is the edge's business.
Contract: the carriers of the SOAP agents, section 1.3.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec

from heliograph.core.message import PushType


class PocketNotificationMessage(msgspec.Struct, kw_only=True):
    """A push as SendPushNotification takes it."""

    title: str = ""
    message: str = ""
    url: str = ""
    silent: bool = False
    type: PushType = PushType.MESSAGE
    time_to_live: int = 0  # minutes; 0 is the operator's default
    record_id: int = 0
    date: datetime | None = None
    duration: timedelta | None = None
    extra_values: dict[str, str] = {}
    expiry_seconds: int = 0  # REST push only (ExpirySecs): how long the device shows it


class OutgoingMessage(msgspec.Struct, kw_only=True):
    """One message of a SendMessages call."""

    from_: str = ""
    to: str = ""
    content: str = ""
    format: str = ""
    parent_messaging_id: int = 0
    suggested_session_key: str = ""


class MessageDeliveryStatus(msgspec.Struct, kw_only=True):
    """What became of one message. Status: 0 Error, 1 Sent, 2 DeliveryError, 3 Received, 4 Replied."""

    status: int = 0
    status_description: str = ""
    messaging_id: int = 0


class ProviderInfo(msgspec.Struct, kw_only=True):
    """A plugin (channel) that SendMessages can name."""

    name: str = ""
    supported_messaging_formats: list[str] = []
    supports_config: bool = False


class SoCredentials(msgspec.Struct, kw_only=True):
    """The ticket of a signed-in user."""

    ticket: str = ""


class SoPrincipalCarrier(msgspec.Struct, kw_only=True):
    """Who signed in: what the gateway knows; every other member of the contract is nil or 0."""

    user_type: str = "InternalAssociate"
    associate: str = ""
    associate_id: int = 0
    is_person: bool = True
    role_name: str = ""
    role_type: str = "Employee"
    full_name: str = ""
    e_mail_address: str = ""
    provided_credentials: str = ""
    database_context_identifier: str = ""


class Authentication(msgspec.Struct, kw_only=True):
    """The three members of an AuthenticateResponse."""

    response: SoPrincipalCarrier | None = None
    credentials: SoCredentials | None = None
    authentication_succeeded: bool = False


class SoSystemInfoCarrier(msgspec.Struct, kw_only=True):
    """What GetSystemInfo tells anyone who asks."""

    company_name: str = ""
    company_id: int = 0
    product_version: str = ""
