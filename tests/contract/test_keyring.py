"""What every store promises of access tokens and applications."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from heliograph.core.access import Scope
from heliograph.core.errors import Conflict, NotFound
from heliograph.core.people import Ticket
from heliograph.core.ports import Directory, Keyring
from heliograph.testing.builders import an_access_token, an_application
from heliograph.testing.clock import SATURDAY_NOON as NOON

pytestmark = pytest.mark.anyio


async def test_a_token_reads_as_it_was_given(keyring: Keyring) -> None:
    given = an_access_token(hash=bytes(range(32)), associate_id=101, scopes=(Scope.INBOX, Scope.PUSH), name="a\x00b")
    added = await keyring.add_token(given)
    assert added == replace(given, id=added.id)
    assert await keyring.token(bytes(range(32))) == added
    assert await keyring.token_by_id(added.id) == added
    assert await keyring.token(b"?" * 32) is None
    assert await keyring.token_by_id(404) is None


async def test_tokens_are_listed_in_order_of_id_by_company_or_all(keyring: Keyring) -> None:
    ours = await keyring.add_token(an_access_token())
    theirs = await keyring.add_token(an_access_token(company_id=2, hash=b"2" * 32))
    assert await keyring.tokens(None) == [ours, theirs]
    assert await keyring.tokens(2) == [theirs]
    assert await keyring.tokens(3) == []


async def test_a_removed_token_is_gone_with_its_tickets_and_its_id_is_not_given_again(
    keyring: Keyring, directory: Directory
) -> None:
    token = await keyring.add_token(an_access_token())
    tickets = [
        Ticket(hash=bytes([n]) * 32, associate_id=n, company_id=1, valid_to=NOON, token_id=token_id)
        for n, token_id in enumerate([0, token.id, 99])
    ]
    for ticket in tickets:
        await directory.put_ticket(ticket)
    assert await directory.ticket(tickets[2].hash) == tickets[2]
    assert await keyring.remove_token(token.id)
    assert not await keyring.remove_token(token.id)
    assert await keyring.token(token.hash) is None
    assert await directory.ticket(tickets[0].hash) == tickets[0]
    assert await directory.ticket(tickets[1].hash) is None
    again = await keyring.add_token(an_access_token())
    assert again.id > token.id


async def test_an_application_reads_as_it_was_given_and_can_be_changed(keyring: Keyring) -> None:
    added = await keyring.put_application(an_application())
    assert await keyring.application(added.token_hash) == added == an_application(id=added.id)
    changed = await keyring.put_application(replace(added, agents=("Pocket", "Messaging")))
    assert await keyring.applications() == [changed]
    assert await keyring.application(b"?" * 32) is None


async def test_two_applications_cannot_have_one_name(keyring: Keyring) -> None:
    await keyring.put_application(an_application())
    with pytest.raises(Conflict, match="application name"):
        await keyring.put_application(an_application(token_hash=b"b" * 32))
    with pytest.raises(NotFound):
        await keyring.put_application(an_application(id=404, name="Ghost"))


async def test_a_removed_application_is_gone(keyring: Keyring) -> None:
    added = await keyring.put_application(an_application())
    assert await keyring.remove_application(added.id)
    assert not await keyring.remove_application(added.id)
    assert await keyring.applications() == []
