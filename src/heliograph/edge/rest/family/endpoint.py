"""What one endpoint of the family is: a verb of an address, its parameters and its answer."""

from __future__ import annotations

from typing import Any

import msgspec

from heliograph.edge.rest.fields import Field, Table, line, whole

_KEYS = (Field("CompanyId", "company_id", whole), Field("IntegrationKey", "integration_key", line))
SAMPLE_KEY = {"CompanyId": 1, "IntegrationKey": ""}

#: The JSON Schema of members.
TEXT: dict[str, Any] = {"type": "string"}
NUMBER: dict[str, Any] = {"type": "integer"}
FLAG: dict[str, Any] = {"type": "boolean"}
MOMENT: dict[str, Any] = {"type": "string", "format": "date-time"}


class Endpoint(msgspec.Struct, frozen=True, kw_only=True):
    """One verb of one address."""

    verb: str
    path: str
    name: str  # of the method that does it, and of the operation in the API document
    summary: str
    table: Table
    required: tuple[str, ...] = ()
    response: str  # the root of its XML answer
    thing: str = ""  # the member of its answer; empty: there is none
    members: dict[str, Any] = {}  # of the thing
    many: bool = False  # the member is a list of such things
    schema: str = ""  # what the thing is called in the API document; empty: as the member is
    tag: str = "Users"  # under which the API document shows it
    sample: dict[str, Any] = {}

    @property
    def in_body(self) -> bool:
        """Whether the parameters travel in the body; else in the query string."""
        return self.verb in ("POST", "PUT")


def table(*fields: Field) -> Table:
    """With the company's key, in the order in which documents give them."""
    by_name = {field.name: field for field in (*fields, *_KEYS)}
    return Table([by_name[name] for name in sorted(by_name)])
