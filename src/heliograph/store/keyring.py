"""Access tokens and applications on SQLite."""

from __future__ import annotations

import apsw
from msgspec.structs import replace

from heliograph.core.access import AccessToken, Application
from heliograph.core.errors import NotFound
from heliograph.store import rows
from heliograph.store.queries import SQL
from heliograph.store.reader import Reader
from heliograph.store.writer import Writer


class SqliteKeyring:
    """Port `Keyring`. Nothing of it is remembered in memory, so that what is revoked ends at once."""

    def __init__(self, writer: Writer, reader: Reader) -> None:
        self._writer = writer
        self._reader = reader

    async def token(self, hash: bytes) -> AccessToken | None:
        """One token, by the hash of its text."""
        return self._reader.one(rows.access_token, "access_token", rows.binary(hash))

    async def token_by_id(self, token_id: int) -> AccessToken | None:
        """One token."""
        return self._reader.one(rows.access_token, "access_token_by_id", token_id)

    async def tokens(self, company_id: int | None) -> list[AccessToken]:
        """In order of id."""
        return await self._reader.many(rows.access_tokens, "access_tokens", company_id)

    async def add_token(self, token: AccessToken) -> AccessToken:
        """The token with its id."""
        return replace(token, id=await self._change("add_access_token", rows.text(token)))

    async def remove_token(self, token_id: int) -> bool:
        """End it together with its tickets."""

        def work(connection: apsw.Connection) -> bool:
            connection.execute(SQL["forget_token_tickets"], (token_id,))
            return connection.execute(SQL["remove_access_token"], (token_id,)).get is not None

        return await self._writer.run(work)

    async def application(self, token_hash: bytes) -> Application | None:
        """One application, by the hash of its token."""
        return self._reader.one(rows.application, "application", rows.binary(token_hash))

    async def applications(self) -> list[Application]:
        """In order of id."""
        return await self._reader.many(rows.applications, "applications")

    async def put_application(self, application: Application) -> Application:
        """The application with its id. Raises Conflict when the name is taken, NotFound when the id is nobody's."""
        name = "update_application" if application.id else "add_application"
        id = await self._change(name, rows.text(application))
        if id is None:
            raise NotFound(f"There is no application {application.id}.")
        return replace(application, id=id)

    async def remove_application(self, application_id: int) -> bool:
        """False when there is none."""
        return await self._change("remove_application", application_id) is not None

    async def _change(self, name: str, *arguments: str | int) -> int | None:
        """Run one statement; the id it returns."""
        return await self._writer.run(lambda connection: connection.execute(SQL[name], arguments).get)
