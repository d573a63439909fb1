"""The Messaging agent: many messages through one named plugin, and what became of them (contract sections 1.3 and 4)."""

from __future__ import annotations

from heliograph.edge.contract.common import CARRIER
from heliograph.edge.contract.model import Agent, Array, Complex, Member, Operation
from heliograph.edge.contract.scalars import BOOLEAN, INT, INTS, STRING, STRING_DICTIONARY, STRINGS
from heliograph.intake import carriers

INCOMING_MESSAGE = Complex(
    name="IncomingMessage",
    base=CARRIER,
    python=carriers.IncomingMessage,
    members=(
        Member("To", STRING, "to"),
        Member("From", STRING, "from_"),
        Member("Content", STRING, "content"),
        Member("Format", STRING, "format"),
        Member("SessionKey", STRING, "session_key"),
        Member("Plugin", STRING, "plugin"),
    ),
)
MESSAGE_DELIVERY_STATUS = Complex(
    name="MessageDeliveryStatus",
    base=CARRIER,
    python=carriers.MessageDeliveryStatus,
    members=(
        Member("Status", INT, "status"),
        Member("StatusDescription", STRING, "status_description"),
        Member("MessagingId", INT, "messaging_id"),
    ),
)
OUTGOING_MESSAGE = Complex(
    name="OutgoingMessage",
    base=CARRIER,
    python=carriers.OutgoingMessage,
    members=(
        Member("From", STRING, "from_"),
        Member("To", STRING, "to"),
        Member("Content", STRING, "content"),
        Member("Format", STRING, "format"),
        Member("ParentMessagingId", INT, "parent_messaging_id"),
        Member("SuggestedSessionKey", STRING, "suggested_session_key"),
    ),
)
PROVIDER_INFO = Complex(
    name="ProviderInfo",
    base=CARRIER,
    python=carriers.ProviderInfo,
    members=(
        Member("Name", STRING, "name"),
        Member("SupportedMessagingFormats", STRINGS, "supported_messaging_formats"),
        Member("SupportsConfig", BOOLEAN, "supports_config", since=82),
    ),
)
STATUSES = Array(item=MESSAGE_DELIVERY_STATUS, item_name="MessageDeliveryStatus")
OUTGOING_MESSAGES = Array(item=OUTGOING_MESSAGE, item_name="OutgoingMessage")
PROVIDERS = Array(item=PROVIDER_INFO, item_name="ProviderInfo")

_PLUGIN = Member("Plugin", STRING, "plugin")
_MESSAGES = Member("OutgoingMessages", OUTGOING_MESSAGES, "outgoing_messages")
_STATUSES_BACK = (Member("Response", STATUSES),)

MESSAGING = Agent(
    name="Messaging",
    since=75,
    operations=(
        Operation(
            agent="Messaging",
            name="CreateMessage",
            summary="Takes in a message that someone outside sent.",
            request=(Member("IncomingMessage", INCOMING_MESSAGE, "incoming_message"),),
        ),
        Operation(
            agent="Messaging",
            name="GetDeliveryStatus",
            summary="Tells what has become of earlier messages, in the order asked.",
            request=(Member("MessagingIds", INTS, "messaging_ids"),),
            reply=_STATUSES_BACK,
        ),
        Operation(
            agent="Messaging",
            name="SetDeliveryStatus",
            summary="Records what a provider reports of a message, found by the provider's own id.",
            request=(
                _PLUGIN,
                Member("ExternalMessageId", STRING, "external_message_id"),
                Member("Status", INT, "status"),
                Member("StatusDescription", STRING, "status_description"),
            ),
        ),
        Operation(
            agent="Messaging",
            name="SendMessages",
            summary="Sends messages through one plugin; one status for each, in the same order.",
            request=(_PLUGIN, _MESSAGES),
            reply=_STATUSES_BACK,
        ),
        Operation(
            agent="Messaging",
            name="SendMessagesWithConfig",
            summary="As SendMessages, with the caller's own settings for the plugin.",
            since=82,
            request=(_PLUGIN, _MESSAGES, Member("Config", STRING_DICTIONARY, "config")),
            reply=_STATUSES_BACK,
        ),
        Operation(
            agent="Messaging",
            name="GetPlugins",
            summary="Lists the plugins that messages can be sent through.",
            reply=(Member("Response", PROVIDERS),),
        ),
    ),
)
