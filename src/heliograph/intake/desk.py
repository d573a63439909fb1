"""What operators see and do: the same questions and actions as the command line's, within what each may see."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import msgspec
from msgspec.structs import replace

from heliograph.core.access import AccessToken
from heliograph.core.errors import NotAllowed, NotFound
from heliograph.core.lifecycle import State
from heliograph.core.operators import Operator
from heliograph.core.people import Company, User
from heliograph.core.ports import Channels, Check, Clock, Directory, Outbox
from heliograph.core.search import Wanted
from heliograph.core.standing import Backlog, Lane, Minute, Mishap, Scripts, ScriptState, Standing, Trouble
from heliograph.intake.actions import Acted, Actions
from heliograph.intake.credentials import Credentials
from heliograph.intake.query import Closely, MessageView, Query

PAGE = 50  # messages
INTERNAL = "event notifications"  # the kind of what no setting names
MOST_AT_ONCE = 500  # messages of which one press of a button sends the dead letters again
_COMPANIES = 50  # in which a recipient is looked for by name
_LATEST = 5  # dead letters on the first page
_LATE = 300.0  # seconds a delivery may be due before it is worth a word


class Page(msgspec.Struct, frozen=True):
    """Messages, and the id below which there is more; None when there is not."""

    views: tuple[MessageView, ...]
    further: int | None
    looked_at_all: bool = True  # False: the search stopped at its bound, and goes on at `further`


class ChannelView(msgspec.Struct, frozen=True, kw_only=True):
    """One configured channel, or the name of a former one for which deliveries wait."""

    name: str
    kind: str = ""  # empty: it is not configured
    formats: tuple[str, ...] = ()
    lane: Lane | None = None
    waiting: dict[State, int] = {}
    overdue: float = 0.0  # seconds for which the delivery that is due first has been due
    trouble: Trouble | None = None


class Overview(msgspec.Struct, frozen=True, kw_only=True):
    """The first page. What belongs to no company is empty for an operator of one."""

    backlog: Backlog
    latest: tuple[MessageView, ...] = ()  # the newest messages with a dead letter
    channels: tuple[ChannelView, ...] = ()
    dispatching: bool = True
    scripts: tuple[ScriptState, ...] = ()  # those in trouble
    health: Mapping[str, Any] = {}  # what /healthz tells
    minutes: tuple[Minute, ...] = ()


class Sources(msgspec.Struct, frozen=True, kw_only=True):
    """What the desk asks beside the store."""

    standing: Callable[[], Awaitable[Standing]]
    scripts: Scripts
    troubles: Mapping[str, Trouble]
    minutes: Callable[[], Sequence[Minute]]
    kinds: Mapping[str, str]  # of each configured channel
    health: Callable[[], Awaitable[Mapping[str, Any]]]  # what /healthz tells


class Desk:
    """Every question and action takes the operator, and stays within that operator's reach."""

    def __init__(
        self,
        query: Query,
        actions: Actions,
        outbox: Outbox,
        directory: Directory,
        credentials: Credentials,
        channels: Channels,
        clock: Clock,
        sources: Sources,
    ) -> None:
        self._query = query
        self._actions = actions
        self._outbox = outbox
        self._directory = directory
        self._credentials = credentials
        self._channels = channels
        self._clock = clock
        self._sources = sources

    @property
    def channel_names(self) -> list[str]:
        """Of all that are configured."""
        return list(self._channels)

    async def companies(self, operator: Operator) -> dict[int, Company]:
        """Those the operator may see, by id."""
        found = await self._directory.companies()
        return {company.id: company for company in found if operator.company_id in (None, company.id)}

    async def overview(self, operator: Operator) -> Overview:
        """What waits, what ended badly, and what an operator of the whole gateway should look at."""
        backlog = await self._outbox.backlog(company_id=operator.company_id)
        latest = tuple(await self._query.messages(company_id=operator.company_id, state=State.FAILED, limit=_LATEST))
        if not operator.everywhere:
            return Overview(backlog=backlog, latest=latest)
        standing = await self._sources.standing()
        return Overview(
            backlog=backlog,
            latest=latest,
            channels=tuple(self._channel_views(standing, backlog)),
            dispatching=standing.running,
            scripts=tuple(each for each in self._sources.scripts.states() if each.problem),
            minutes=tuple(self._sources.minutes()),
            health=await self._sources.health(),
        )

    # ------------------------------------------------------------------ messages

    async def search(self, operator: Operator, wanted: Wanted, before_id: int | None) -> Page:
        """A page of messages. A recipient may be written as an address or part of it, a user's name or number."""
        wanted = replace(wanted, company_id=operator.company_id, associate_id=await self._meant(operator, wanted))
        found = await self._outbox.search(wanted, before_id=before_id, limit=PAGE)
        views = await self._query.with_deliveries(found.messages)
        return Page(tuple(views), found.further, len(views) == PAGE or found.further is None)

    async def _meant(self, operator: Operator, wanted: Wanted) -> int | None:
        """The user whom the operator wrote by number, name or e-mail address; None: it is to be found in the addresses."""
        text = wanted.recipient.strip()
        if text.isascii() and text.isdigit() and len(text) < 10:
            return int(text)
        for company_id in list(await self.companies(operator))[:_COMPANIES] if text else ():
            look = self._directory
            user = await look.user_by_name(company_id, text) or await look.user_by_email(company_id, text)
            if user is not None:
                return user.associate_id
        return None

    async def message(self, operator: Operator, message_id: int, closely: Closely | None = None) -> MessageView:
        """One message with all that became of it. Raises NotFound, also for another company's."""
        return await self._query.message(message_id, company_id=operator.company_id, closely=closely)

    async def people(self, associate_ids: set[int]) -> dict[int, User]:
        """Those users that are there, by number."""
        found = [await self._directory.user(id) for id in sorted(associate_ids)]
        return {user.associate_id: user for user in found if user is not None}

    async def bad_ends(self, operator: Operator, state: State, before_id: int | None) -> Page:
        """Messages with a delivery in that state, newest first."""
        views = await self._query.messages(
            company_id=operator.company_id, state=state, before_id=before_id, limit=PAGE + 1
        )
        further = views[PAGE - 1].message.id if len(views) > PAGE else None
        return Page(tuple(views[:PAGE]), further)

    async def retry(self, operator: Operator, message_id: int, delivery_id: int | None = None) -> list[Acted]:
        """Send its dead letters again. Raises NotFound, also for another company's."""
        await self._query.known(message_id, operator.company_id)
        return await self._actions.retry(message_id, delivery_id=delivery_id)

    async def cancel(self, operator: Operator, message_id: int, delivery_id: int | None = None) -> list[Acted]:
        """Withdraw what waits. Raises NotFound, also for another company's."""
        await self._query.known(message_id, operator.company_id)
        return await self._actions.cancel(message_id, delivery_id=delivery_id)

    async def retry_many(self, operator: Operator, message_ids: Sequence[int]) -> list[Acted]:
        """Send the dead letters of these again; what is not there (any more) is passed over."""
        acted: list[Acted] = []
        for message_id in list(dict.fromkeys(message_ids))[:MOST_AT_ONCE]:
            try:
                acted += [done for done in await self.retry(operator, message_id) if _was_dead(done)]
            except NotFound:
                continue
        return acted

    async def retry_all(self, operator: Operator, state: State) -> list[Acted]:
        """The same of the newest messages with a delivery in that state, as many as go at once."""
        views = await self._query.messages(company_id=operator.company_id, state=state, limit=MOST_AT_ONCE)
        return await self.retry_many(operator, [view.message.id for view in views])

    # ------------------------------------------------- what is the whole gateway's

    async def channels(self, operator: Operator) -> list[ChannelView]:
        """Every configured channel, then former ones for which deliveries wait."""
        everywhere(operator)
        backlog = await self._outbox.backlog(company_id=None)
        return self._channel_views(await self._sources.standing(), backlog)

    def _channel_views(self, standing: Standing, backlog: Backlog) -> list[ChannelView]:
        lanes = {lane.channel: lane for lane in standing.lanes}
        waiting: dict[str, dict[State, int]] = {}
        overdue: dict[str, float] = {}
        for row in backlog.waiting:
            waiting.setdefault(row.channel, {})[row.state] = row.many
            if row.state is State.QUEUED:
                overdue[row.channel] = max(self._clock.now() - row.due_at, 0) / 1000

        def at_work(name: str, kind: str, formats: tuple[str, ...] = ()) -> ChannelView:
            return ChannelView(
                name=name,
                kind=kind,
                formats=formats,
                lane=lanes.get(name),
                waiting=waiting.get(name, {}),
                overdue=overdue.get(name, 0.0),
                trouble=self._sources.troubles.get(name),
            )

        kinds = self._sources.kinds
        configured = [at_work(name, kinds.get(name, ""), each.traits.formats) for name, each in self._channels.items()]
        own = [name for name in lanes if name not in self._channels]  # what the gateway carries for itself
        former = sorted(set(waiting) - set(self._channels) - set(own))
        return [
            *configured,
            *(at_work(name, INTERNAL) for name in own),
            *(ChannelView(name=name, waiting=waiting[name]) for name in former),
        ]

    async def check(self, operator: Operator, name: str) -> Check:
        """Ask the channel to try its credentials and connection. Raises NotFound."""
        everywhere(operator)
        channel = self._channels.get(name)
        if channel is None:
            raise NotFound("There is no such channel.")
        return await channel.check()

    def scripts(self, operator: Operator) -> tuple[list[ScriptState], Sequence[Mishap]]:
        """All scripts, and their latest failures."""
        everywhere(operator)
        return self._sources.scripts.states(), self._sources.scripts.mishaps

    async def reload_scripts(self, operator: Operator) -> list[ScriptState]:
        """Read the folder again; disabled scripts are enabled."""
        everywhere(operator)
        return await self._sources.scripts.reload()

    async def tokens(self, operator: Operator) -> list[AccessToken]:
        """Access tokens, in order of id; of an operator's company or of all."""
        return await self._credentials.tokens(operator.company_id)


def everywhere(operator: Operator) -> None:
    """Raises NotAllowed for an operator of one company."""
    if not operator.everywhere:
        raise NotAllowed("This page is for operators of the whole gateway; you look after one company.")


def late(view: ChannelView) -> bool:
    """Whether its deliveries have been due for so long that somebody should look."""
    return view.overdue >= _LATE


def _was_dead(done: Acted) -> bool:
    return done.moved or done.was in (State.FAILED, State.EXPIRED)
