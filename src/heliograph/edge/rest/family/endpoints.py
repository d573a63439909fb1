"""The siblings' endpoints as one table: their parameters and answers. Routes and the API document are made of it.

Contract: rest-push, section 7. Parameters that are not here are read over, as everywhere in the family.
"""

from __future__ import annotations

from typing import Any

from heliograph.edge.rest.family.endpoint import MOMENT, NUMBER, SAMPLE_KEY, TEXT, Endpoint, table
from heliograph.edge.rest.family.webhook_endpoints import WEBHOOKS
from heliograph.edge.rest.fields import Field, flag, line, text, texts, whole

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
_WHICH_GROUP = (Field("Id", "id", line), Field("ExternalId", "external_id", line), Field("Name", "name", line))
_GROUP = (
    Field("ExternalId", "external_id", line),
    Field("Name", "name", line),
    Field("UserIds", "user_ids", texts),
)

#: What is told of each thing: the JSON Schema of its members.
DEVICE: dict[str, Any] = {"Id": NUMBER, "OS": TEXT, "Name": TEXT, "AppVersion": TEXT, "LastSeen": MOMENT}
USER: dict[str, Any] = {
    "Id": TEXT,
    "UserID": NUMBER,
    "FirstName": TEXT,
    "LastName": TEXT,
    "Email": TEXT,
    "Status": {"type": "string", "enum": ["Active", "Invited", "Retired"]},
    "ExternalId": TEXT,
    "TimeZone": TEXT,
    "Country": TEXT,
    "WebsiteRole": {"type": "string", "enum": ["User", "Admin"]},
    "CreatedDate": MOMENT,
    "LastUpdated": MOMENT,
    "UserDevices": {"type": "array", "items": {"type": "object", "properties": DEVICE, "required": list(DEVICE)}},
}
GROUP: dict[str, Any] = {
    "Id": TEXT,
    "Name": TEXT,
    "ExternalId": TEXT,
    "UserIds": {"type": "array", "items": TEXT},
    "CreatedDate": MOMENT,
}
COMPANY: dict[str, Any] = {
    "Id": NUMBER,
    "Name": TEXT,
    "Description": TEXT,
    "Country": TEXT,
    "TimeZone": TEXT,
    "SendNotificationsTo": TEXT,
    "Status": {"type": "string", "enum": ["Active"]},
    "CreatedDate": MOMENT,
}
NEW_KEY: dict[str, Any] = {"Id": NUMBER, "Name": TEXT, "IntegrationKey": TEXT}


_USER, _USERGROUP, _COMPANY = "/api/v2/user", "/api/v2/usergroup", "/api/v2/company"
_SAMPLE_USER = {"Email": "ida@example.com", "FirstName": "Ida", "LastName": "Lewis", "ExternalId": "E-7", **SAMPLE_KEY}
_SAMPLE_GROUP = {"Name": "Night watch", "UserIds": [""], **SAMPLE_KEY}

ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint(
        verb="POST",
        path=_USER,
        name="add_user",
        summary="Adds a user, who signs in with the e-mail address. Without a password the user is invited: receives, but cannot sign in.",
        table=table(*_PERSON),
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
        table=table(*_WHO),
        response="UserResponse",
        thing="User",
        members=USER,
    ),
    Endpoint(
        verb="PUT",
        path=_USER,
        name="change_user",
        summary="Changes a user, found by Id, else Email, else ExternalId. What is empty or absent stays as it is.",
        table=table(*_WHO, *_PERSON, Field("Status", "status", line)),
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
        table=table(*_WHO),
        response="UserResponse",
    ),
    Endpoint(
        verb="GET",
        path=f"{_USER}/search",
        name="search_users",
        summary="Finds users by a part of the name, by e-mail address or by external id.",
        table=table(
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
        table=table(*_GROUP),
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
        table=table(*_WHICH_GROUP),
        response="UserGroupResponse",
        thing="UserGroup",
        members=GROUP,
    ),
    Endpoint(
        verb="PUT",
        path=_USERGROUP,
        name="change_group",
        summary="Changes a user group, found by Id, else Name. UserIds, where given, are all its members.",
        table=table(Field("Id", "id", line), *_GROUP),
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
        table=table(*_WHICH_GROUP),
        response="UserGroupResponse",
    ),
    Endpoint(
        verb="GET",
        path=_COMPANY,
        tag="Company",
        name="company",
        summary="Tells of the company.",
        table=table(),
        response="CompanyResponse",
        thing="Company",
        members=COMPANY,
    ),
    Endpoint(
        verb="PUT",
        path=_COMPANY,
        tag="Company",
        name="change_company",
        summary="Changes the company's settings. What is empty or absent stays as it is.",
        table=table(
            Field("Country", "country", line),
            Field("Description", "description", line),
            Field("Name", "name", line),
            Field("SendNotificationsTo", "notices_to", line),
            Field("TimeZone", "time_zone", line),
        ),
        response="CompanyResponse",
        thing="Company",
        members=COMPANY,
        sample={"Description": "", "Name": "Lighthouse Keepers", "TimeZone": "", **SAMPLE_KEY},
    ),
    Endpoint(
        verb="POST",
        path=f"{_COMPANY}/integrationkey",
        tag="Company",
        name="rotate_key",
        summary="Makes a new integration key, which this answer alone tells; the old one ends at once.",
        table=table(),
        response="CompanyResponse",
        thing="Company",
        members=NEW_KEY,
        schema="IntegrationKey",
        sample=SAMPLE_KEY,
    ),
    *WEBHOOKS,
)
