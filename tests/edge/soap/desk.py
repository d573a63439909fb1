"""A SOAP door with a small desk behind it: a few service methods that answer plainly and remember what was asked."""

from __future__ import annotations

from typing import Any

from heliograph.config.settings import IdempotencySettings, SoapErrors, SoapSettings
from heliograph.core.errors import InvalidArgument, NotAuthenticated, UnknownChannel
from heliograph.core.people import Caller, Door
from heliograph.core.ports import Call
from heliograph.edge.soap.endpoint import SoapDoor
from heliograph.edge.soap.replies import SoapReply
from heliograph.hooks.none import NoHooks
from heliograph.intake.applications import Applications
from heliograph.intake.carriers import (
    Authentication,
    MessageDeliveryStatus,
    OutgoingMessage,
    PocketDeviceInfo,
    ProviderInfo,
    SoCredentials,
    SoPrincipalCarrier,
    SoSystemInfoCarrier,
)
from heliograph.intake.once import Once
from heliograph.intake.services import Handler, Services
from heliograph.store.memory import MemoryStore
from heliograph.testing.clock import JumpingClock

TICKET = "7T:1234abcxyzExample=="
COMPANY = 7


class OneTicket:
    """Knows one ticket, of associate 101 in company 7."""

    async def by_ticket(self, text: str, door: Door, *, tenant: int | None = None) -> Caller:
        if text != TICKET or tenant not in (None, COMPANY):
            raise NotAuthenticated("The ticket is not valid: sign in again.")
        return Caller(company_id=COMPANY, door=door, associate_id=101)


class Desk:
    """What stands behind the door."""

    def __init__(self, errors: SoapErrors = SoapErrors.WRAPPED, **handlers: Handler) -> None:
        self.calls: list[Call] = []
        plain: dict[str, Handler] = {
            "SendPushNotification": self.send_push,
            "SendMessages": self.send_messages,
            "SendMessagesWithConfig": self.send_messages,
            "GetDeliveryStatus": self.get_delivery_status,
            "GetPlugins": self.get_plugins,
            "AuthenticateUsernamePassword": self.authenticate,
            "GetSystemInfo": self.get_system_info,
            "GetRegisteredDevices": self.get_registered_devices,
            "GetPushNotificationTagsForDevice": self.get_tags,
        }
        services = Services(plain | handlers, NoHooks())
        clock = JumpingClock()
        once = Once(MemoryStore(clock).replays, clock, IdempotencySettings())
        applications = Applications(MemoryStore(clock).keyring, SoapSettings())
        self.door = SoapDoor(services, OneTicket(), applications, once, SoapSettings(errors=errors))  # type: ignore[arg-type]

    async def post(
        self,
        body: bytes | str,
        *,
        version: int = 86,
        agent: str = "Messaging",
        tenant: int | None = None,
        content_type: str = "text/xml; charset=utf-8",
        action: str = "",
    ) -> SoapReply:
        headers = {"content-type": content_type} | ({"soapaction": action} if action else {})
        raw = body if isinstance(body, bytes) else body.encode()
        return await self.door.post(tenant, version, agent, headers, raw)

    @property
    def last(self) -> dict[str, Any]:
        """The arguments of the newest call."""
        return self.calls[-1].arguments

    async def send_push(self, call: Call, *, associate_ids: list[int], message: Any) -> None:
        self.calls.append(call)
        if not associate_ids:
            raise InvalidArgument("AssociateIds is empty: name at least one recipient.", field="AssociateIds")
        call.notes["MessageId"] = "4711"

    async def send_messages(
        self, call: Call, *, plugin: str, outgoing_messages: list[OutgoingMessage], config: dict[str, str] | None = None
    ) -> list[MessageDeliveryStatus]:
        self.calls.append(call)
        if plugin not in ("", "inbox"):
            raise UnknownChannel(f"There is no plugin {plugin!r}. Configured: inbox.", field="Plugin")
        return [self._status(number, message) for number, message in enumerate(outgoing_messages, 1)]

    def _status(self, number: int, message: OutgoingMessage) -> MessageDeliveryStatus:
        if not message.to:
            return MessageDeliveryStatus(
                status=0, status_description="To is empty: name a recipient.", messaging_id=number
            )
        return MessageDeliveryStatus(status=1, status_description="Queued: stored.", messaging_id=number)

    async def get_delivery_status(self, call: Call, *, messaging_ids: list[int]) -> list[MessageDeliveryStatus]:
        self.calls.append(call)
        return [MessageDeliveryStatus(status=3, messaging_id=id) for id in messaging_ids]

    async def get_plugins(self, call: Call) -> list[ProviderInfo]:
        self.calls.append(call)
        return [ProviderInfo(name="inbox", supported_messaging_formats=["text/plain"], supports_config=False)]

    async def authenticate(self, call: Call, *, user_name: str, password: str) -> Authentication:
        self.calls.append(call)
        if password != "beacon":
            return Authentication()
        return Authentication(
            response=SoPrincipalCarrier(associate=user_name, associate_id=101, full_name="Ida Lewis"),
            credentials=SoCredentials(ticket=TICKET),
            authentication_succeeded=True,
        )

    async def get_system_info(self, call: Call) -> SoSystemInfoCarrier:
        self.calls.append(call)
        return SoSystemInfoCarrier(company_name="Lighthouse Keepers", company_id=COMPANY, product_version="1.0.0")

    async def get_registered_devices(self, call: Call, *, associate_id: int) -> list[PocketDeviceInfo]:
        self.calls.append(call)
        return [PocketDeviceInfo(device_identifier="d-1", device_name="Lamp & <lens>", time_zone_id=4)]

    async def get_tags(self, call: Call, *, device_identifier: str) -> str:
        self.calls.append(call)
        return device_identifier
