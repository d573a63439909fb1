"""The siblings' endpoints as one table: their parameters and answers. Routes and the API document are made of it.

Contract: rest-push, section 7. Parameters that are not here are read over, as everywhere in the family.
"""

from __future__ import annotations

from typing import Any

import msgspec

from heliograph.edge.rest.fields import Field, Table, flag, line, text, texts, whole

_KEYS = (Field("CompanyId", "company_id", whole), Field("IntegrationKey", "integration_key", line))
_WHO = (Field("Id", "id", line), Field("Email", "email", line), Field("ExternalId", "external_id", line))
_PERSON = (
    Field("Country", "country", line),
    Field("Email", "email", line),
    Field("ExternalId", "external_id", line),
    Field("FirstName", "first_name", line),
    Field("Groups", "groups", texts),
    Field("LastName", "last_name", line),
    Field("Password", "password", text),
    Field("TimeZone", "time_zone", line),
    Field("UseExternalIds", "use_external_ids", flag),
    Field("UseNames", "use_names", flag),
    Field("WebsiteRole", "website_role", line),
)
_GROUP = (
    Field("ExternalId", "external_id", line),
    Field("Name", "name", line),
    Field("UserIds", "user_ids", texts),
)

#: What is told of each thing: the JSON Schema of its members.
_TEXT, _NUMBER = {"type": "string"}, {"type": "integer"}
_MOMENT = {"type": "string", "format": "date-time"}
DEVICE: dict[str, Any] = {"Id": _NUMBER, "OS": _TEXT, "Name": _TEXT, "AppVersion": _TEXT, "LastSeen": _MOMENT}
USER: dict[str, Any] = {
    "Id": _TEXT,
    "UserID": _NUMBER,
    "FirstName": _TEXT,
    "LastName": _TEXT,
    "Email": _TEXT,
    "Status": {"type": "string", "enum": ["Active", "Invited", "Retired"]},
    "ExternalId": _TEXT,
    "TimeZone": _TEXT,
    "Country": _TEXT,
    "WebsiteRole": {"type": "string", "enum": ["User", "Admin"]},
    "CreatedDate": _MOMENT,
    "LastUpdated": _MOMENT,
    "UserDevices": {"type": "array", "items": {"type": "object", "properties": DEVICE, "required": list(DEVICE)}},
}
GROUP: dict[str, Any] = {
    "Id": _TEXT,
    "Name": _TEXT,
    "ExternalId": _TEXT,
    "UserIds": {"type": "array", "items": _TEXT},
    "CreatedDate": _MOMENT,
}
COMPANY: dict[str, Any] = {
    "Id": _NUMBER,
    "Name": _TEXT,
    "Description": _TEXT,
    "Country": _TEXT,
    "TimeZone": _TEXT,
    "SendNotificationsTo": _TEXT,
    "Status": {"type": "string", "enum": ["Active"]},
    "CreatedDate": _MOMENT,
}
NEW_KEY: dict[str, Any] = {"Id": _NUMBER, "Name": _TEXT, "IntegrationKey": _TEXT}


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
    sample: dict[str, Any] = {}

    @property
    def in_body(self) -> bool:
        """Whether the parameters travel in the body; else in the query string."""
        return self.verb in ("POST", "PUT")


def _table(*fields: Field) -> Table:
    """With the company's key, in the order in which documents give them."""
    by_name = {field.name: field for field in (*fields, *_KEYS)}
    return Table([by_name[name] for name in sorted(by_name)])


_USER, _USERGROUP, _COMPANY = "/api/v2/user", "/api/v2/usergroup", "/api/v2/company"
_SAMPLE_KEY = {"CompanyId": 1, "IntegrationKey": ""}
_SAMPLE_USER = {"Email": "ida@example.com", "FirstName": "Ida", "LastName": "Lewis", "ExternalId": "E-7", **_SAMPLE_KEY}
_SAMPLE_GROUP = {"Name": "Night watch", "UserIds": [""], **_SAMPLE_KEY}

ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint(
        verb="POST",
        path=_USER,
        name="add_user",
        summary="Adds a user, who signs in with the e-mail address. Without a password the user is invited: receives, but cannot sign in.",
        table=_table(*_PERSON),
        required=("Email", "FirstName", "LastName"),
        response="UserResponse",
        thing="User",
        members=USER,
        sample=_SAMPLE_USER,
    ),
    Endpoint(
        verb="GET",
        path=_USER,
        name="user",
        summary="Tells of one user, by Id, Email or ExternalId.",
        table=_table(*_WHO),
        response="UserResponse",
        thing="User",
        members=USER,
    ),
    Endpoint(
        verb="PUT",
        path=_USER,
        name="change_user",
        summary="Changes a user, found by Id, else Email, else ExternalId. What is empty or absent stays as it is.",
        table=_table(*_WHO, *_PERSON, Field("Status", "status", line)),
        response="UserResponse",
        thing="User",
        members=USER,
        sample={"Id": "", **_SAMPLE_USER},
    ),
    Endpoint(
        verb="DELETE",
        path=_USER,
        name="delete_user",
        summary="Deletes a user by Id, Email or ExternalId: name, address, devices and memberships are forgotten.",
        table=_table(*_WHO),
        response="UserResponse",
    ),
    Endpoint(
        verb="GET",
        path=f"{_USER}/search",
        name="search_users",
        summary="Finds users by a part of the name, by e-mail address or by external id.",
        table=_table(
            Field("Email", "email", line),
            Field("ExternalId", "external_id", line),
            Field("Name", "name", line),
            Field("PageNo", "page_no", whole),
            Field("PageSize", "page_size", whole),
            Field("Status", "status", line),
        ),
        response="UserSearchResponse",
        thing="Users",
        members=USER,
        many=True,
    ),
    Endpoint(
        verb="POST",
        path=_USERGROUP,
        name="add_group",
        summary="Adds a user group.",
        table=_table(*_GROUP),
        required=("Name",),
        response="UserGroupResponse",
        thing="UserGroup",
        members=GROUP,
        sample=_SAMPLE_GROUP,
    ),
    Endpoint(
        verb="GET",
        path=_USERGROUP,
        name="group",
        summary="Tells of one user group, by Id, ExternalId or Name.",
        table=_table(Field("Id", "id", line), Field("ExternalId", "external_id", line), Field("Name", "name", line)),
        response="UserGroupResponse",
        thing="UserGroup",
        members=GROUP,
    ),
    Endpoint(
        verb="PUT",
        path=_USERGROUP,
        name="change_group",
        summary="Changes a user group, found by Id, else Name. UserIds, where given, are all its members.",
        table=_table(Field("Id", "id", line), *_GROUP),
        response="UserGroupResponse",
        thing="UserGroup",
        members=GROUP,
        sample={"Id": "", **_SAMPLE_GROUP},
    ),
    Endpoint(
        verb="DELETE",
        path=_USERGROUP,
        name="delete_group",
        summary="Deletes a user group, by Id, ExternalId or Name; its members stay users.",
        table=_table(Field("Id", "id", line), Field("ExternalId", "external_id", line), Field("Name", "name", line)),
        response="UserGroupResponse",
    ),
    Endpoint(
        verb="GET",
        path=_COMPANY,
        name="company",
        summary="Tells of the company.",
        table=_table(),
        response="CompanyResponse",
        thing="Company",
        members=COMPANY,
    ),
    Endpoint(
        verb="PUT",
        path=_COMPANY,
        name="change_company",
        summary="Changes the company's settings. What is empty or absent stays as it is.",
        table=_table(
            Field("Country", "country", line),
            Field("Description", "description", line),
            Field("Name", "name", line),
            Field("SendNotificationsTo", "notices_to", line),
            Field("TimeZone", "time_zone", line),
        ),
        response="CompanyResponse",
        thing="Company",
        members=COMPANY,
        sample={"Description": "", "Name": "Lighthouse Keepers", "TimeZone": "", **_SAMPLE_KEY},
    ),
    Endpoint(
        verb="POST",
        path=f"{_COMPANY}/integrationkey",
        name="rotate_key",
        summary="Makes a new integration key, which this answer alone tells; the old one ends at once.",
        table=_table(),
        response="CompanyResponse",
        thing="Company",
        members=NEW_KEY,
        sample=_SAMPLE_KEY,
    ),
)
