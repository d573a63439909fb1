"""The Pocket agent: push notifications, devices and their tags (contract sections 1.3 and 5)."""

from __future__ import annotations

from heliograph.core.message import PushType
from heliograph.core.people import Platform
from heliograph.edge.contract.model import Agent, Array, Complex, Enumeration, EnumValue, Member, Operation
from heliograph.edge.contract.scalars import (
    BOOLEAN,
    DATE_TIME,
    DURATION,
    INT,
    INTS,
    LONG,
    SHORT,
    STRING,
    STRING_DICTIONARY,
    STRINGS,
)
from heliograph.edge.contract.startup import POCKET_STARTUP_DATA
from heliograph.intake import carriers

NOTIFICATION_MESSAGE_TYPE = Enumeration(
    name="NotificationMessageType", python=PushType, values=tuple(EnumValue(type.value) for type in PushType)
)
NOTIFICATION_PLATFORM = Enumeration(
    name="NotificationPlatform",
    python=Platform,
    stored_as="short",
    values=(
        EnumValue("Apple"),
        EnumValue("Google"),
        EnumValue("Microsoft"),
        EnumValue("AppleDeveloper", since=86, instead="Apple"),
        EnumValue("AppleAdHoc", since=86, instead="Apple"),
        EnumValue("GoogleDeveloper", since=86, instead="Google"),
    ),
)
NOTIFICATION_EVENT_TYPE = Enumeration(
    name="NotificationEventType",
    values=(
        EnumValue("Unknown"),
        EnumValue("NewTicket"),
        EnumValue("AppointmentInvitation"),
        EnumValue("AppointmentMoved"),
        EnumValue("AppointmentCancelled"),
        EnumValue("NewTicketMessage"),
        EnumValue("TicketActivated"),
        EnumValue("TicketEscalated"),
        EnumValue("QuoteApprovalRequest"),
        EnumValue("QuoteApprovalApproved"),
        EnumValue("QuoteApprovalDenied"),
        EnumValue("AppointmentDeclined"),
    ),
)
POCKET_NOTIFICATION_MESSAGE = Complex(
    name="PocketNotificationMessage",
    python=carriers.PocketNotificationMessage,
    members=(
        Member("Title", STRING, "title"),
        Member("Message", STRING, "message"),
        Member("Url", STRING, "url"),
        Member("Silent", BOOLEAN, "silent"),
        Member("Type", NOTIFICATION_MESSAGE_TYPE, "type"),
        Member("TimeToLive", INT, "time_to_live"),
        Member("RecordId", INT, "record_id"),
        Member("Date", DATE_TIME, "date"),
        Member("Duration", DURATION, "duration"),
        Member("ExtraValues", STRING_DICTIONARY, "extra_values"),
    ),
)
POCKET_DEVICE_INFO = Complex(
    name="PocketDeviceInfo",
    python=carriers.PocketDeviceInfo,
    members=(
        Member("DeviceName", STRING, "device_name"),
        Member("DeviceIdentifier", STRING, "device_identifier"),
        Member("PocketVersion", STRING, "pocket_version"),
        Member("Language", STRING, "language"),
        Member("PNSHandle", STRING, "pns_handle"),
        Member("Platform", NOTIFICATION_PLATFORM, "platform"),
        Member("OSVersion", STRING, "os_version"),
        Member("TimeZoneId", INT, "time_zone_id", since=88),
    ),
)
NOTIFICATION_EVENT = Complex(
    name="NotificationEvent",
    python=carriers.NotificationEvent,
    members=(Member("Type", NOTIFICATION_EVENT_TYPE, "type"), Member("Id", INT, "id")),
)
CALLER_ID = Complex(
    name="CallerID",
    members=(
        Member("PhoneNumber", LONG),
        Member("DialInPrefix", SHORT),
        Member("PersonId", INT),
        Member("PersonName", STRING),
        Member("Mrmrs", STRING),
        Member("ContactId", INT),
        Member("ContactName", STRING),
    ),
)
CALLER_ID_COLLECTION = Complex(
    name="CallerIDCollection",
    members=(Member("CallerIDHash", STRING), Member("CallerIDs", Array(item=CALLER_ID, item_name="CallerID"))),
)

_DEVICE = Member("DeviceIdentifier", STRING, "device_identifier")
_ASSOCIATE = Member("AssociateId", INT, "associate_id")
_TAGS = Member("Tags", STRING, "tags")
_LAST_HASH = Member("LastHash", STRING, "last_hash")
_EVENT = (
    Member("NotificationEventType", NOTIFICATION_EVENT_TYPE, "notification_event_type"),
    Member("Id", INT, "id"),
)
_EVENTS = Array(item=NOTIFICATION_EVENT, item_name="NotificationEvent")
_DEVICES = Array(item=POCKET_DEVICE_INFO, item_name="PocketDeviceInfo")

_CALLER_IDS = (
    Operation(
        agent="Pocket",
        name="GetMyCallerIDs",
        summary="Phone numbers of the caller's contacts; needs a CRM's data.",
        since=88,
        request=(_LAST_HASH, Member("MinDate", DATE_TIME, "min_date"), Member("MaxDate", DATE_TIME, "max_date")),
        reply=(Member("Response", CALLER_ID_COLLECTION),),
    ),
    Operation(
        agent="Pocket",
        name="GetCallerIDsFromSelection",
        summary="Phone numbers of a selection's contacts; needs a CRM's data.",
        since=88,
        request=(Member("SelectionId", INT, "selection_id"), _LAST_HASH),
        reply=(Member("Response", CALLER_ID_COLLECTION),),
    ),
)
_STARTUP = Operation(
    agent="Pocket",
    name="GetPocketStartupData",
    summary="What the app shows first: whether push works, and how many items are unread.",
    request=(
        Member("Tables", STRINGS, "tables"),
        Member("CurrentClientTime", DATE_TIME, "current_client_time", since=86),
    ),
    reply=(Member("Response", POCKET_STARTUP_DATA),),
)
_PUSH = (
    Operation(
        agent="Pocket",
        name="RegisterDeviceForPushNotification",
        summary="Makes a device of the caller's known, or moves a known one to the caller.",
        since=83,
        request=(Member("DeviceInfo", POCKET_DEVICE_INFO, "device_info"),),
    ),
    Operation(
        agent="Pocket",
        name="GetRegisteredDevices",
        summary="Lists a user's devices.",
        since=83,
        request=(_ASSOCIATE,),
        reply=(Member("Response", _DEVICES),),
    ),
    Operation(
        agent="Pocket",
        name="SetPushNotificationTagsForDevice",
        summary="Says which kinds of push one device takes.",
        since=83,
        request=(_DEVICE, _TAGS),
    ),
    Operation(
        agent="Pocket",
        name="SetPushNotificationTagsForUser",
        summary="Says which kinds of push all of a user's devices take.",
        since=83,
        request=(_ASSOCIATE, _TAGS),
    ),
    Operation(
        agent="Pocket",
        name="GetPushNotificationTagsForDevice",
        summary="Tells which kinds of push a device takes.",
        since=83,
        request=(_DEVICE,),
        reply=(Member("Response", STRING),),
    ),
    Operation(
        agent="Pocket",
        name="SendPushNotification",
        summary="Pushes one message to the devices and inboxes of the associates named.",
        since=83,
        request=(
            Member("AssociateIds", INTS, "associate_ids"),
            Member("Message", POCKET_NOTIFICATION_MESSAGE, "message"),
        ),
    ),
    Operation(
        agent="Pocket",
        name="RunAppointmentAlarmBroker",
        summary="Reminds of appointments; needs a CRM's data.",
        since=86,
    ),
)
_NOTIFICATIONS = (
    Operation(
        agent="Pocket",
        name="NotifyUsers",
        summary="Tells the users an event concerns; needs a CRM's data.",
        since=88,
        request=_EVENT,
    ),
    Operation(
        agent="Pocket",
        name="NotificationHandled",
        summary="Marks the caller's inbox items about a record as read.",
        since=88,
        request=_EVENT,
    ),
    Operation(
        agent="Pocket",
        name="NotificationsHandled",
        summary="Marks the caller's inbox items about several records as read.",
        since=88,
        request=(Member("NotificationEvents", _EVENTS, "notification_events"),),
    ),
)

POCKET = Agent(name="Pocket", since=80, operations=(*_CALLER_IDS, _STARTUP, *_PUSH, *_NOTIFICATIONS))
