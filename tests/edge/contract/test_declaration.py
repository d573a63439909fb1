"""The declaration agrees with the carriers it names, and with the table of what came first in which version."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import pytest

from heliograph.edge.contract.model import Agent, Complex, Operation, Type, children
from heliograph.edge.contract.versions import AGENTS, VERSIONS, agents_in, every_operation, has_agent
from heliograph.edge.soap.bindings import bindings

#: Contract section 1.1 and 1.3: the first version that has each operation which is not as old as its agent.
FIRST_IN = {
    "SendMessagesWithConfig": 82,
    "SendPushNotification": 83,
    "RegisterDeviceForPushNotification": 83,
    "GetRegisteredDevices": 83,
    "SetPushNotificationTagsForDevice": 83,
    "SetPushNotificationTagsForUser": 83,
    "GetPushNotificationTagsForDevice": 83,
    "RunAppointmentAlarmBroker": 86,
    "AuthenticateWithAccessToken": 86,
    "GetMyCallerIDs": 88,
    "GetCallerIDsFromSelection": 88,
    "NotifyUsers": 88,
    "NotificationHandled": 88,
    "NotificationsHandled": 88,
}
MEMBERS = [
    ("ProviderInfo", "SupportsConfig", 82),
    ("PocketStartupData", "CustomData", 85),
    ("PocketDeviceInfo", "TimeZoneId", 88),
    ("WebPanelEntity", "AlwaysReloadOnShow", 88),
]


def every_type() -> dict[str, Type]:
    met: dict[str, Type] = {}

    def meet(type: Type) -> None:
        if type.name not in met:
            met[type.name] = type
            if isinstance(type, Complex) and type.base is not None:
                meet(type.base)
            for inner in children(type, 88):
                meet(inner)

    for _, _, operation in every_operation():
        for member in (*operation.request, *operation.reply):
            if member.type is not None:
                meet(member.type)
    return met


def carriers() -> Iterator[Complex]:
    yield from (type for type in every_type().values() if isinstance(type, Complex) and type.python is not None)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("agent", AGENTS.values(), ids=lambda agent: agent.name)
def test_each_operation_is_there_from_its_first_version_on_and_not_before(version: int, agent: Agent) -> None:
    there = {operation.name for operation in agent.operations_in(version)} if agent in agents_in(version) else set()
    expected = {
        operation.name for operation in agent.operations if version >= max(agent.since, FIRST_IN.get(operation.name, 0))
    }
    assert there == (expected if version >= agent.since else set())


def test_the_pocket_agent_came_with_version_80_and_no_version_is_invented() -> None:
    assert not has_agent(75, "Pocket")
    assert has_agent(80, "Pocket")
    assert not has_agent(79, "Messaging")
    assert not has_agent(89, "Messaging")
    assert not has_agent(88, "Contact")


@pytest.mark.parametrize(("carrier", "member", "first"), MEMBERS)
def test_members_appear_in_their_version(carrier: str, member: str, first: int) -> None:
    type = every_type()[carrier]
    assert isinstance(type, Complex)
    for version in VERSIONS:
        assert (member in {each.wire for each in type.all_members(version)}) == (version >= first)


@pytest.mark.parametrize("type", list(carriers()), ids=lambda each: each.name)
def test_every_declared_attribute_is_one_of_its_carrier(type: Complex) -> None:
    assert type.python is not None
    known = {field.name for field in msgspec.structs.fields(type.python)}
    assert {member.attr for member in type.all_members(88) if member.attr} <= known


def test_a_carrier_has_no_member_that_never_travels() -> None:
    untold = {  # the REST family's own, and what channels tell scripts of a mail
        ("IncomingMessage", "parent_messaging_id"),
        ("IncomingMessage", "subject"),
        ("IncomingMessage", "reference"),
        ("PocketNotificationMessage", "expiry_seconds"),
        ("PocketDeviceInfo", "web_push"),
        ("PocketDeviceInfo", "app"),
        ("PocketDeviceInfo", "tags"),
    }
    for type in carriers():
        assert type.python is not None
        declared = {member.attr for member in type.all_members(88)}
        fields = {(type.name, field.name) for field in msgspec.structs.fields(type.python)}
        assert {each for each in fields - untold if each[1] not in declared} == set()


@pytest.mark.parametrize(
    ("version", "agent", "operation"),
    every_operation(),
    ids=lambda value: getattr(value, "name", str(value)),
)
def test_every_operation_of_every_version_compiles_to_a_codec(version: int, agent: Agent, operation: Operation) -> None:
    bound = bindings(version, agent.name)
    binding = bound.by_tag[f"{{{bound.namespace}}}{operation.name}"]
    assert binding.operation is operation
    assert operation.reply_wire in binding.empty_reply


def test_argument_names_are_python_names() -> None:
    for _, _, operation in every_operation():
        for member in operation.request:
            assert member.attr.isidentifier(), (operation.name, member.wire)
