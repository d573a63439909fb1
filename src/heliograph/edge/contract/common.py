"""What every agent shares: the Carrier base with its rights, and the header blocks (contract sections 1.2 and 1.3)."""

from __future__ import annotations

from heliograph.edge.contract.model import Complex, Dictionary, Enumeration, EnumValue, Member
from heliograph.edge.contract.scalars import BOOLEAN, INT, STRING
from heliograph.intake import carriers

E_TABLE_RIGHT = Enumeration(
    name="ETableRight",
    flags=True,
    values=(
        EnumValue("Select"),
        EnumValue("Update"),
        EnumValue("Insert"),
        EnumValue("Delete"),
        EnumValue("Filtering"),
        EnumValue("RestrictedUpdate"),
        EnumValue("Unused1", since=88),
        EnumValue("Uninitialized", since=88),
        EnumValue("R", since=88, number=1),
        EnumValue("F", since=88, number=16),
    ),
)
E_FIELD_RIGHT = Enumeration(
    name="EFieldRight",
    flags=True,
    values=(
        EnumValue("Read"),
        EnumValue("Write"),
        EnumValue("Unused1"),
        EnumValue("Unused2"),
        EnumValue("Unused3"),
        EnumValue("Unused4"),
        EnumValue("UIHintMandatory"),
        EnumValue("UIHintReadOnly"),
        EnumValue("UndefinedValue256"),
        EnumValue("Nullable", since=88, number=32),
    ),
)
TABLE_RIGHT = Complex(name="TableRight", members=(Member("Mask", E_TABLE_RIGHT), Member("Reason", STRING)))
FIELD_RIGHT = Complex(name="FieldRight", members=(Member("Mask", E_FIELD_RIGHT), Member("Reason", STRING)))
FIELD_PROPERTY = Complex(
    name="FieldProperty",
    members=(Member("FieldRight", FIELD_RIGHT), Member("FieldType", STRING), Member("FieldLength", INT)),
)
FIELD_PROPERTIES = Dictionary(
    name="FieldPropertyDictionary", pair="FieldPropertyDictionaryKeyValuePair", key=STRING, value=FIELD_PROPERTY
)
CARRIER = Complex(
    name="Carrier", members=(Member("TableRight", TABLE_RIGHT), Member("FieldProperties", FIELD_PROPERTIES))
)

SO_CREDENTIALS = Complex(
    name="SoCredentials", python=carriers.SoCredentials, members=(Member("Ticket", STRING, "ticket"),)
)
SO_TIME_ZONE = Complex(
    name="SoTimeZone",
    python=carriers.SoTimeZone,
    members=(
        Member("SoTimeZoneId", INT, "so_time_zone_id"),
        Member("SoTimeZoneLocationCode", STRING, "so_time_zone_location_code"),
    ),
)
EXCEPTION_PARAMETERS = Dictionary(
    name="SoExceptionInfoParameters", pair="SoExceptionInfoParametersKeyValuePair", key=STRING, value=STRING
)
SO_EXCEPTION_INFO = Complex(
    name="SoExceptionInfo",
    python=carriers.SoExceptionInfo,
    members=(
        Member("Message", STRING, "message"),
        Member("StackTrace", STRING),  # never told
        Member("FriendlyText", STRING, "friendly_text"),
        Member("ExceptionType", STRING, "exception_type"),
        Member("Source", STRING, "source"),
        Member("InnerException", None),
        Member("Parameters", EXCEPTION_PARAMETERS, "parameters"),
    ),
)
SO_EXTRA_INFO = Dictionary(name="SoExtraInfo", pair="ExtraInfoNameValuePair", key=STRING, value=STRING)

#: What a request may carry beside its arguments; the agent that signs in takes only the first.
APPLICATION_TOKEN = Member("ApplicationToken", STRING, "application_token")
REQUEST_HEADERS = (
    APPLICATION_TOKEN,
    Member("Credentials", SO_CREDENTIALS, "credentials"),
    Member("TimeZone", SO_TIME_ZONE, "time_zone"),
)
#: What every reply carries, whatever the agent.
REPLY_HEADERS = (
    Member("ExceptionInfo", SO_EXCEPTION_INFO, "exception_info"),
    Member("ExtraInfo", SO_EXTRA_INFO, "extra_info"),
    Member("Succeeded", BOOLEAN, "succeeded"),
    Member("TimeZone", SO_TIME_ZONE, "time_zone"),
)
