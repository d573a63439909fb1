"""Operations bound to the wire: for one version and agent, from the body's element to arguments, and back to a reply."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import msgspec

from heliograph.core.errors import InvalidArgument
from heliograph.edge.contract.absent import when_absent
from heliograph.edge.contract.model import Complex, Family, Member, Operation
from heliograph.edge.contract.versions import AGENTS
from heliograph.edge.soap.decode import Table, member_table, read_members
from heliograph.edge.soap.encode import element_writer, nothing_in
from heliograph.edge.soap.envelope import Envelope, header_table
from heliograph.edge.soap.names import action, contract_namespace
from heliograph.edge.soap.typenames import Misfit


class Binding(msgspec.Struct, frozen=True):
    """One operation in one version: how its request is read and its reply written."""

    operation: Operation
    action: str
    tag: str
    arguments: Callable[[Envelope], dict[str, Any]]
    reply: Callable[[Any], str]
    empty_reply: str  # what a failed call answers in the normal reply's place


class Bindings(msgspec.Struct, frozen=True):
    """All operations of one agent in one version, by the tag of the body's element."""

    version: int
    agent: str
    namespace: str
    headers: Table
    by_tag: dict[str, Binding]


@cache
def bindings(version: int, agent: str) -> Bindings:
    """Compiled at first use. The version and agent must exist (see `contract.versions.has_agent`)."""
    namespace = contract_namespace(version)
    bound = [_bind(version, operation) for operation in AGENTS[agent].operations_in(version)]
    return Bindings(version, agent, namespace, header_table(version), {each.tag: each for each in bound})


def _bind(version: int, operation: Operation) -> Binding:
    namespace = contract_namespace(version)
    wire = operation.reply_wire
    opening, closing = f'<{wire} xmlns="{namespace}">', f"</{wire}>"
    nothing = "".join(nothing_in(member.wire, member.type, version) for member in operation.reply)
    inside = _reply_writer(operation.reply, version)
    return Binding(
        operation=operation,
        action=action(version, operation),
        tag=f"{{{namespace}}}{operation.name}",
        arguments=_arguments_reader(operation, version),
        reply=lambda result: opening + inside(result) + closing,
        empty_reply=opening + nothing + closing,
    )


def _arguments_reader(operation: Operation, version: int) -> Callable[[Envelope], dict[str, Any]]:
    """Reads all arguments; those that are absent get their type's default, carriers excepted."""
    taken = operation.request_in(version)
    table = member_table(taken, Family.CONTRACT, version)
    defaults = [(member.attr, when_absent(member)) for member in operation.request]

    def read(envelope: Envelope) -> dict[str, Any]:
        try:
            values = read_members(envelope.payload, table, envelope.types)
        except Misfit as misfit:
            field = misfit.path or operation.name
            raise InvalidArgument(f"{field}: {misfit.words}.", field=field) from None
        if len(values) < len(defaults):
            for attr, default in defaults:
                if attr not in values:
                    values[attr] = default()
        return values

    return read


def _reply_writer(members: Sequence[Member], version: int) -> Callable[[Any], str]:
    if not members:
        return lambda _: ""
    writers = [
        (member.attr, _unwritable if _unheld(member) else element_writer(member.wire, member.type, version))
        for member in members
        if member.type is not None
    ]
    if len(writers) == 1:
        return writers[0][1]
    return lambda result: "".join([write(getattr(result, attr)) for attr, write in writers])


def _unheld(member: Member) -> bool:
    """Replies made of a CRM's data: declared, and never answered by this gateway."""
    return isinstance(member.type, Complex) and member.type.python is None


def _unwritable(_: Any) -> str:
    raise TypeError("This gateway has no carrier for this reply.")
