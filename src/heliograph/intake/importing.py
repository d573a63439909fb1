"""Many users from a file: checked row by row, stored in batches, every refusal told by its line."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping
from itertools import islice

import msgspec

from heliograph.core.errors import CallerError, InvalidArgument
from heliograph.core.people import User
from heliograph.intake.accounts import COLUMNS, UserDraft, checked
from heliograph.intake.people import People

BATCH = 500


class Row(msgspec.Struct, frozen=True):
    """One record of the file and the line it begins on, counted from 1."""

    line: int
    fields: Mapping[str, str]


class RowError(msgspec.Struct, frozen=True):
    """A row that was not added, and why."""

    line: int
    user_name: str
    reason: str


class Step(msgspec.Struct, frozen=True):
    """What became of one batch; `added` and `errors` together are all of its rows."""

    added: int
    errors: tuple[RowError, ...]


class UserImport:
    """One run of an import into one company."""

    def __init__(self, people: People, company_id: int) -> None:
        self._people = people
        self._company_id = company_id
        self._seen: dict[tuple[str, str], int] = {}  # what earlier rows claimed, and on which line

    async def run(self, rows: Iterable[Row], *, dry_run: bool = False, batch: int = BATCH) -> AsyncIterator[Step]:
        """A step after each batch. A bad row stops no other; with `dry_run` nothing is stored.

        A row without a password adds a user who receives, but cannot sign in until one is set.
        """
        waiting = iter(rows)
        while some := tuple(islice(waiting, batch)):
            yield await self._step(some, dry_run)

    async def _step(self, rows: tuple[Row, ...], dry_run: bool) -> Step:
        errors: list[RowError] = []
        good: list[tuple[Row, UserDraft]] = []
        for row in rows:
            try:
                draft = self._draft(row)
                await self._people.refuse_taken(self._company_id, draft)
                good.append((row, draft))
            except CallerError as error:
                errors.append(_error(row, error))
        if dry_run:
            return Step(len(good), tuple(errors))
        added, refused = await self._store(good)
        return Step(added, tuple(sorted([*errors, *refused], key=lambda error: error.line)))

    def _draft(self, row: Row) -> UserDraft:
        if None in row.fields or None in row.fields.values():
            raise InvalidArgument("The row has more or fewer fields than the header.")
        draft = checked(UserDraft(**{name: row.fields[name] for name in COLUMNS if name in row.fields}))
        claims = [("user_name", draft.user_name.casefold()), ("external_id", draft.external_id)]
        for claim in claims:
            if claim[1] and claim in self._seen:
                raise InvalidArgument(f"{claim[0]} stands already on line {self._seen[claim]}.")
        self._seen.update({claim: row.line for claim in claims if claim[1]})
        return draft

    async def _store(self, good: list[tuple[Row, UserDraft]]) -> tuple[int, list[RowError]]:
        users = [await self._people.prepared(self._company_id, draft) for _, draft in good]
        if not users:
            return 0, []
        try:
            return len(await self._people.store(users)), []
        except CallerError:  # somebody took a name meanwhile: add one by one, so that only that row is refused
            return await self._store_singly([row for row, _ in good], users)

    async def _store_singly(self, rows: list[Row], users: list[User]) -> tuple[int, list[RowError]]:
        errors = []
        for row, user in zip(rows, users, strict=True):
            try:
                await self._people.store([user])
            except CallerError as error:
                errors.append(_error(row, error))
        return len(users) - len(errors), errors


def _error(row: Row, error: CallerError) -> RowError:
    return RowError(row.line, (row.fields.get("user_name") or "")[:100], error.detail)
