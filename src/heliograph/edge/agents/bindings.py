"""Operations bound to addresses: from a body to arguments, and from a result to a document."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import cache
from typing import Any

import msgspec

from heliograph.core.errors import Malformed, MissingArgument
from heliograph.edge.agents.documents import form_document, xml_document
from heliograph.edge.agents.media import Kind, Media
from heliograph.edge.agents.read import LATEST, Table, member_table, read_members
from heliograph.edge.agents.write import Writer, writer
from heliograph.edge.contract.absent import when_absent
from heliograph.edge.contract.model import Complex, Member, Operation, Type
from heliograph.edge.contract.versions import agents_in
from heliograph.edge.json import read_json
from heliograph.edge.soap.typenames import Misfit
from heliograph.edge.xml import ASIDE, read_any_xml

Key = tuple[str, str]  # agent and method, in lower case


class Binding(msgspec.Struct, frozen=True):
    """One operation: how its request is read and its reply written. `reply` is None where there is none."""

    operation: Operation
    members: tuple[Member, ...]
    table: Table
    defaults: tuple[tuple[str, Callable[[], Any]], ...]
    reply: Type | None
    write: Writer


@cache
def bindings() -> dict[Key, Binding]:
    """All operations of all agents, in the contract's order."""
    return {
        (agent.name.lower(), operation.name.lower()): _bind(operation)
        for agent in agents_in(LATEST)
        for operation in agent.operations_in(LATEST)
    }


def _bind(operation: Operation) -> Binding:
    members = tuple(operation.request_in(LATEST))
    reply = reply_type(operation)
    return Binding(
        operation=operation,
        members=members,
        table=member_table(members),
        defaults=tuple((member.attr, when_absent(member)) for member in operation.request),
        reply=reply,
        write=writer(reply) if reply is not None else lambda _: None,
    )


def reply_type(operation: Operation) -> Type | None:
    """What an operation answers: the one member of its reply, or all of them as a carrier."""
    if not operation.reply:
        return None
    if len(operation.reply) == 1:
        return operation.reply[0].type
    return Complex(name=operation.reply_wire, members=operation.reply)


async def arguments(binding: Binding, media: Media, body: bytes) -> dict[str, Any]:
    """The call's arguments; absent ones count as their type's default.

    Raises Malformed for what cannot be read and for a carrier that is absent.
    """
    document = await _document(binding, media, body) if body else ()
    try:
        if len(body) >= ASIDE:  # in a thread, so that others do not wait
            values = await asyncio.to_thread(read_members, document, binding.table)
        else:
            values = read_members(document, binding.table)
    except Misfit as misfit:
        raise Malformed(f"{misfit.path or 'The body'}: {misfit.words}.") from None
    try:
        return values | {attr: default() for attr, default in binding.defaults if attr not in values}
    except MissingArgument as error:
        raise Malformed(error.detail) from None


async def _document(binding: Binding, media: Media, body: bytes) -> Any:
    if media.kind is Kind.JSON:
        document = read_json(body, media.charset)
        return () if document is None else document  # clients send null for a call without arguments
    if media.kind is Kind.XML:
        return xml_document(await read_any_xml(body, media.charset), binding.members)
    return form_document(body, binding.members)
