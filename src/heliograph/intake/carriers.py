"""The values service methods take and give, by the contract's names in snake case.

Scripts see exactly these. How they travel (SOAP, JSON, XML) is the edge's business.
Contract: the carriers of the SOAP agents, section 1.3.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec

from heliograph.core.message import PushType
from heliograph.core.people import Platform


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


class IncomingMessage(msgspec.Struct, kw_only=True):
    """A message that someone outside sent, as CreateMessage takes it."""

    to: str = ""
    from_: str = ""
    content: str = ""
    format: str = ""
    session_key: str = ""
    plugin: str = ""
    parent_messaging_id: int = 0  # channels and scripts only: the message of ours that it answers
    subject: str = ""  # channels and scripts only: of a mail
    reference: str = ""  # channels and scripts only: of a mail, its Message-ID


class PocketDeviceInfo(msgspec.Struct, kw_only=True):
    """A device that takes pushes. `pns_handle` is the push token: kind of secret, never logged."""

    device_name: str = ""
    device_identifier: str = ""
    pocket_version: str = ""
    language: str = ""
    pns_handle: str = ""
    platform: Platform = Platform.APPLE
    os_version: str = ""
    time_zone_id: int = 0
    web_push: bool = False  # REST only: a browser; its subscription is the handle, its platform none of the contract's
    app: str = ""  # REST only: bundle id, package or site
    tags: str = ""  # REST only: what it takes; empty leaves that as it is


class NotificationEvent(msgspec.Struct, kw_only=True):
    """What happened, to the record with that id."""

    type: str = "Unknown"
    id: int = 0


class PocketStartupData(msgspec.Struct, kw_only=True):
    """What the gateway knows of what the app shows first; the rest is a CRM's."""

    notifications_count: int = 0
    is_push_notification_enabled: bool = False


class SoTimeZone(msgspec.Struct, kw_only=True):
    """The zone a caller wants dates in."""

    so_time_zone_id: int = 0
    so_time_zone_location_code: str = ""


class SoExceptionInfo(msgspec.Struct, kw_only=True):
    """Why a call failed, as every agent tells it."""

    message: str = ""
    friendly_text: str = ""
    exception_type: str = ""
    source: str = ""
    parameters: dict[str, str] | None = None


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
