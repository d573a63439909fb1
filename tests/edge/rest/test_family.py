"""Users, user groups and the company over REST: what a company's own programs and administrators may do."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from msgspec.structs import replace

from heliograph.config.settings import RestSettings
from heliograph.core.people import Role
from heliograph.edge.rest.family.endpoints import ENDPOINTS
from heliograph.testing.asking import Heard
from heliograph.testing.builders import a_device
from heliograph.testing.running import KEY, PASSWORD, Town, a_town

pytestmark = pytest.mark.anyio

JAN = {"FirstName": "Jan", "LastName": "van der Berg", "Email": "jan@example.com"}


class Program:
    """A program with the company's key (or an administrator's ticket)."""

    def __init__(self, town: Town, key: str = KEY, ticket: str = "") -> None:
        self.town = town
        self.given: dict[str, Any] = {} if ticket else {"CompanyId": 1, "IntegrationKey": key}
        self.headers = {"Content-Type": "application/json", "Accept": "application/json"}
        if ticket:
            self.headers["Authorization"] = f"SOTicket {ticket}"

    async def ask(self, verb: str, address: str, **parameters: Any) -> Heard:
        """The answer, whatever it is."""
        asked, target, body = self.given | parameters, f"/api/v2/{address}", b""
        if verb in ("POST", "PUT"):
            body = json.dumps(asked).encode()
        else:
            target += f"?{urlencode(asked)}"
        return await self.town.ask(verb, target, self.headers, body)

    async def get(self, verb: str, address: str, **parameters: Any) -> Any:
        """The one thing of an answer of success."""
        heard = await self.ask(verb, address, **parameters)
        assert heard.status == 200, heard.text
        return next(iter(json.loads(heard.body).values()), None)


async def an_administrator(town: Town) -> Program:
    keeper = await town.app.directory.user(101)
    assert keeper is not None
    await town.app.directory.update_user(replace(keeper, role=Role.ADMINISTRATOR))
    return Program(town, ticket=town.ticket)


async def sign_in(town: Town, user_name: str, password: str) -> str:
    """The ticket, or empty."""
    body = json.dumps({"UserName": user_name, "Password": password}).encode()
    heard = await town.ask(
        "POST",
        "/api/v1/Agents/SoPrincipal/AuthenticateUsernamePassword",
        {"Content-Type": "application/json"},
        body,
    )
    told = json.loads(heard.body)
    return told["Credentials"]["Ticket"] if told["AuthenticationSucceeded"] else ""


async def test_a_user_that_is_added_signs_in_receives_and_is_found(town: Town) -> None:
    program = Program(town)
    jan = await program.get("POST", "user", **JAN, Password=PASSWORD, ExternalId="J-1", TimeZone="Europe/Oslo")
    assert (jan["Status"], jan["TimeZone"]) == ("Active", "Europe/Oslo")
    assert await sign_in(town, "jan@example.com", PASSWORD)
    pushed = await program.ask("POST", "push", UserId=jan["Id"], Title="Lamp", Body="Lit")
    assert pushed.status == 200
    assert len(await town.inbox(associate_id=jan["UserID"])) == 1
    for who in ({"Id": jan["Id"]}, {"Email": "JAN@example.com"}, {"ExternalId": "J-1"}):
        assert await program.get("GET", "user", **who) == jan
    assert await program.get("GET", "user/search", Name="der b") == [jan]


async def test_a_name_of_several_words_stays_as_it_was_given(town: Town) -> None:
    program = Program(town)
    jan = await program.get("POST", "user", **JAN)
    assert (jan["FirstName"], jan["LastName"], jan["Status"]) == ("Jan", "van der Berg", "Invited")
    changed = await program.get("PUT", "user", Id=jan["Id"], FirstName="Jan Pieter", LastName="")
    assert (changed["FirstName"], changed["LastName"]) == ("Jan Pieter", "van der Berg")


async def test_a_user_who_is_retired_loses_the_ticket_and_is_sent_nothing(town: Town) -> None:
    program = Program(town)
    jan = await program.get("POST", "user", **JAN, Password=PASSWORD)
    ticket = await sign_in(town, "jan@example.com", PASSWORD)
    assert (await program.get("PUT", "user", Email="jan@example.com", Status="Retired"))["Status"] == "Retired"
    assert (await town.ask("GET", "/api/v2/inbox", {"Authorization": f"SOTicket {ticket}"})).status == 401
    assert (await program.ask("POST", "push", UserId=jan["Id"], Title="Lamp", Body="Lit")).status == 400
    assert (await program.get("PUT", "user", Id=jan["Id"], Status="Active"))["Status"] == "Active"
    assert await sign_in(town, "jan@example.com", PASSWORD)


async def test_a_new_email_is_the_new_name_to_sign_in_with(town: Town) -> None:
    program = Program(town)
    jan = await program.get("POST", "user", **JAN, Password=PASSWORD)
    await program.get("PUT", "user", Id=jan["Id"], Email="jan2@example.com", Password="another lamp")
    assert await sign_in(town, "jan2@example.com", "another lamp")
    assert not await sign_in(town, "jan@example.com", "another lamp")


async def test_of_a_deleted_user_nothing_is_told_and_all_may_be_used_again(town: Town) -> None:
    program = Program(town)
    jan = await program.get("POST", "user", **JAN, ExternalId="J-1", Password=PASSWORD)
    await program.get("POST", "usergroup", Name="Night watch", UserIds=[jan["Id"]])
    await town.app.directory.put_device(a_device(associate_id=jan["UserID"]))
    assert json.loads((await program.ask("DELETE", "user", Id=jan["Id"])).body) == {}
    assert (await program.ask("GET", "user", Id=jan["Id"])).status == 400
    assert await program.get("GET", "user/search", Name="deleted") == []
    assert (await program.get("GET", "usergroup", Name="Night watch"))["UserIds"] == []
    assert await town.app.directory.devices([jan["UserID"]]) == []
    assert not await sign_in(town, "jan@example.com", PASSWORD)
    again = await program.get("POST", "user", **JAN, ExternalId="J-1")
    assert again["Id"] != jan["Id"]


async def test_a_key_does_not_reach_administrators_and_an_administrator_does(town: Town) -> None:
    program, boss = Program(town), await an_administrator(town)
    for verb, parameters in (("PUT", {"Password": "taken over"}), ("DELETE", {})):
        assert (await program.ask(verb, "user", Id=town.user.user_id, **parameters)).status == 403
    jan = await program.get("POST", "user", **JAN)
    assert (await program.ask("PUT", "user", Id=jan["Id"], WebsiteRole="Admin")).status == 403
    assert (await boss.get("PUT", "user", Id=jan["Id"], WebsiteRole="Admin"))["WebsiteRole"] == "Admin"
    assert (await program.ask("PUT", "user", Id=jan["Id"], WebsiteRole="User")).status == 403


async def test_a_user_whose_particulars_are_refused_is_not_added(town: Town) -> None:
    program = Program(town)
    refused = await program.ask("POST", "user", **JAN, Country="N" * 201)
    assert refused.status == 400
    assert await program.get("GET", "user/search", Email="jan@example.com") == []
    assert (await program.ask("POST", "user", **JAN)).status == 200


async def test_a_user_is_added_to_the_groups_that_are_named(town: Town) -> None:
    program = Program(town)
    watch = await program.get("POST", "usergroup", Name="Night watch")
    jan = await program.get("POST", "user", **JAN, Groups=[watch["Id"]])
    assert (await program.get("GET", "usergroup", Name="Night watch"))["UserIds"] == [jan["Id"]]


async def test_nobody_retires_or_deletes_himself(town: Town) -> None:
    boss = await an_administrator(town)
    assert (await boss.ask("DELETE", "user", Id=town.user.user_id)).status == 403
    assert (await boss.ask("PUT", "user", Id=town.user.user_id, Status="Retired")).status == 403


async def test_another_companys_users_and_groups_are_out_of_reach(town: Town) -> None:
    program = Program(town)
    stranger = f"{201:032x}"
    assert (await program.ask("GET", "user", Id=stranger)).status == 400
    assert (await program.ask("DELETE", "user", Id=stranger)).status == 400
    assert (await program.ask("POST", "usergroup", Name="Both", UserIds=[stranger])).status == 400
    assert (await Program(town, ticket=town.ticket).ask("GET", "company", CompanyId=2)).status == 401


async def test_a_user_joins_groups_by_id_name_or_external_id(town: Town) -> None:
    program = Program(town)
    night = await program.get("POST", "usergroup", Name="Night watch", ExternalId="N")
    day = await program.get("POST", "usergroup", Name="Day watch")
    jan = await program.get("POST", "user", **JAN, Groups=[night["Id"]])
    await program.get("PUT", "user", Id=jan["Id"], Groups="day WATCH", UseNames=True)
    await program.get("PUT", "user", Id=jan["Id"], Groups=["N"], UseExternalIds="true")
    for group in (night, day):
        assert (await program.get("GET", "usergroup", Id=group["Id"]))["UserIds"] == [jan["Id"]]
    refused = await program.ask("POST", "user", **JAN | {"Email": "b@example.com"}, Groups=["nowhere"], UseNames=True)
    assert refused.status == 400
    assert (await program.ask("GET", "user", Email="b@example.com")).status == 400


async def test_a_group_is_changed_renamed_and_deleted(town: Town) -> None:
    program = Program(town)
    group = await program.get("POST", "usergroup", Name="Night watch", UserIds=[town.user.user_id])
    named = await program.get("PUT", "usergroup", Name="night WATCH", ExternalId="N")
    assert named == group | {"Name": "night WATCH", "ExternalId": "N"}
    assert (await program.get("PUT", "usergroup", Id=group["Id"], Name="Late", UserIds=[]))["UserIds"] == []
    assert (await program.ask("POST", "usergroup", Name="LATE")).status == 400
    assert (await program.ask("DELETE", "usergroup", ExternalId="N")).status == 200
    assert (await program.ask("GET", "usergroup", Name="Late")).status == 400


async def test_a_new_key_works_and_the_old_one_ends_at_once(town: Town) -> None:
    program = Program(town)
    new = await program.get("POST", "company/integrationkey")
    assert (await program.ask("GET", "company")).status == 401
    assert (await Program(town, key=new["IntegrationKey"]).ask("GET", "company")).status == 200


async def test_a_companys_settings_stay_until_they_are_said_anew(town: Town) -> None:
    program = Program(town)
    await program.get(
        "PUT", "company", Description="North", TimeZone="Europe/Oslo", SendNotificationsTo="a@example.com"
    )
    told = await program.get("PUT", "company", Name="Keepers of the North", TimeZone="")
    assert told == await program.get("GET", "company")
    assert (told["Name"], told["Description"], told["TimeZone"]) == ("Keepers of the North", "North", "Europe/Oslo")
    assert (await program.ask("PUT", "company", Description="a\nb")).status == 400


async def test_the_operator_may_keep_the_key_to_pushing(tmp_path: Path) -> None:
    async with a_town(tmp_path, rest=RestSettings(manage_by_key=False)) as town:
        assert (await Program(town).ask("POST", "push", UserId=town.user.user_id, Title="a", Body="b")).status == 200
        assert (await Program(town).ask("GET", "company")).status == 403
        assert (await (await an_administrator(town)).ask("GET", "company")).status == 200


def test_every_endpoint_takes_the_companys_key() -> None:
    for endpoint in ENDPOINTS:
        assert {"CompanyId", "IntegrationKey"} <= set(endpoint.table.by_name), endpoint.name
