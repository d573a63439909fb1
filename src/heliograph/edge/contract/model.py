"""The words a contract is declared in: scalars, enums, carriers, arrays, dictionaries, operations.

Nothing here knows how a value travels. The SOAP codec, the WSDL, the JSON agents and the
API documents are all derived from declarations made of these. A version is a number that
members, enum values and operations are compared with; it is never a module or a class.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum

import msgspec

FIRST, LAST = 0, 999  # versions before and after every real one


class Family(Enum):
    """Which vocabulary a type belongs to; each dialect gives these its own names (namespaces over SOAP)."""

    XSD = "xsd"
    CONTRACT = "contract"  # the service version's own
    ARRAYS = "arrays"
    SERIALIZATION = "serialization"
    CRYPTOGRAPHY = "cryptography"


class Scalar(msgspec.Struct, frozen=True):
    """A single value that is written as text. `nullable` types can be nil; the others have a zero."""

    name: str
    zero: str = ""  # how the zero value is written, for members the gateway knows nothing of
    nullable: bool = False
    family: Family = Family.XSD


class EnumValue(msgspec.Struct, frozen=True):
    """One name of an enum, and the versions that know it."""

    name: str
    since: int = FIRST
    until: int = LAST
    number: int | None = None  # told in the contract where it is not the position
    instead: str = ""  # what versions without this value are told


class Enumeration(msgspec.Struct, frozen=True, kw_only=True):
    """A closed list of names. `flags` may be combined and travel as a list."""

    name: str
    values: tuple[EnumValue, ...]
    python: type[Enum] | None = None
    flags: bool = False
    stored_as: str = ""  # the XSD name of the underlying number, where the contract tells it
    stored_as_since: int = FIRST
    family: Family = Family.CONTRACT

    nullable = False

    def values_in(self, version: int) -> list[EnumValue]:
        """The values this version has, in the contract's order."""
        return [value for value in self.values if value.since <= version <= value.until]


class Member(msgspec.Struct, frozen=True):
    """One member of a carrier, a request or a reply."""

    wire: str
    type: Type | None  # None: the carrier it is a member of (inner exceptions)
    attr: str = (
        ""  # the carrier's attribute; empty: the gateway knows nothing of it (read over, written as nil or zero)
    )
    since: int = FIRST
    until: int = LAST
    required: bool = False


class Complex(msgspec.Struct, frozen=True, kw_only=True):
    """A carrier: named members in a fixed order, after those of its base."""

    name: str
    members: tuple[Member, ...]
    base: Complex | None = None
    python: type[msgspec.Struct] | None = None  # None: the gateway never holds one
    value_type: bool = False
    family: Family = Family.CONTRACT

    @property
    def nullable(self) -> bool:
        """Whether a member of this type can be nil."""
        return not self.value_type

    def own_members(self, version: int) -> list[Member]:
        """The members this type adds to its base's in that version."""
        return [member for member in self.members if member.since <= version <= member.until]

    def all_members(self, version: int) -> list[Member]:
        """Base first, as they travel."""
        inherited = self.base.all_members(version) if self.base else []
        return inherited + self.own_members(version)


class Array(msgspec.Struct, frozen=True, kw_only=True):
    """Many of one type, each under `item_name`."""

    item: Type
    item_name: str
    family: Family = Family.CONTRACT

    nullable = True

    @property
    def name(self) -> str:
        """ArrayOfint, ArrayOfOutgoingMessage."""
        return f"ArrayOf{self.item.name}"


class Dictionary(msgspec.Struct, frozen=True, kw_only=True):
    """Pairs of Key and Value; Key is unique, the last one wins."""

    name: str
    pair: str
    key: Scalar
    value: Scalar | Complex
    family: Family = Family.CONTRACT

    nullable = True


Type = Scalar | Enumeration | Complex | Array | Dictionary


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    """One method of an agent. With one reply member the result is its value; with more, it has them as attributes."""

    agent: str
    name: str
    summary: str
    request: tuple[Member, ...] = ()
    reply: tuple[Member, ...] = ()
    reply_name: str = ""  # where the reply is not {name}Response
    since: int = FIRST
    needs_ticket: bool = True

    def request_in(self, version: int) -> list[Member]:
        """The arguments this version takes."""
        return [member for member in self.request if member.since <= version <= member.until]

    @property
    def reply_wire(self) -> str:
        """The name of the reply: SendMessagesResponse, AuthenticateResponse."""
        return self.reply_name or f"{self.name}Response"


class Agent(msgspec.Struct, frozen=True, kw_only=True):
    """A group of operations under one address."""

    name: str
    since: int
    operations: tuple[Operation, ...]
    signs_in: bool = False  # its requests carry no ticket: they are how one gets it

    def operations_in(self, version: int) -> list[Operation]:
        """The operations this version has, in the contract's order."""
        return [operation for operation in self.operations if operation.since <= version]


def children(type: Type, version: int) -> Iterator[Type]:
    """The types another one is made of, in the order they are met."""
    if isinstance(type, Complex):
        yield from (member.type for member in type.own_members(version) if member.type is not None)
    elif isinstance(type, Array):
        yield type.item
    elif isinstance(type, Dictionary):
        yield type.key
        yield type.value
