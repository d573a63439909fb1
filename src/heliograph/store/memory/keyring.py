"""Access tokens and applications over dicts."""

from __future__ import annotations

from msgspec.structs import replace

from heliograph.core.access import AccessToken, Application
from heliograph.core.errors import Conflict, NotFound
from heliograph.store.memory.tables import Tables


class MemoryKeyring:
    """Port `Keyring`."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    async def token(self, hash: bytes) -> AccessToken | None:
        """One token, by the hash of its text."""
        return next((token for token in self._tables.open().tokens.values() if token.hash == hash), None)

    async def token_by_id(self, token_id: int) -> AccessToken | None:
        """One token."""
        return self._tables.open().tokens.get(token_id)

    async def tokens(self, company_id: int | None) -> list[AccessToken]:
        """In order of id."""
        return [token for token in self._tables.open().tokens.values() if company_id in (None, token.company_id)]

    async def add_token(self, token: AccessToken) -> AccessToken:
        """The token with its id."""
        t = self._tables.open()
        added = replace(token, id=t.next_token)
        t.next_token += 1
        t.tokens[added.id] = added
        return added

    async def remove_token(self, token_id: int) -> bool:
        """End it together with its tickets."""
        t = self._tables.open()
        t.tickets = {hash: ticket for hash, ticket in t.tickets.items() if ticket.token_id != token_id}
        return t.tokens.pop(token_id, None) is not None

    async def application(self, token_hash: bytes) -> Application | None:
        """One application, by the hash of its token."""
        known = self._tables.open().applications.values()
        return next((application for application in known if application.token_hash == token_hash), None)

    async def applications(self) -> list[Application]:
        """In order of id."""
        return sorted(self._tables.open().applications.values(), key=lambda application: application.id)

    async def put_application(self, application: Application) -> Application:
        """The application with its id. Raises Conflict when the name is taken, NotFound when the id is nobody's."""
        known = self._tables.open().applications
        if application.id and application.id not in known:
            raise NotFound(f"There is no application {application.id}.")
        put = replace(application, id=application.id or max(known, default=0) + 1)
        if any(other.name == put.name and other.id != put.id for other in known.values()):
            raise Conflict("This application name is taken.")
        known[put.id] = put
        return put

    async def remove_application(self, application_id: int) -> bool:
        """False when there is none."""
        return self._tables.open().applications.pop(application_id, None) is not None
