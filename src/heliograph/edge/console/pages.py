"""Every address of the console, and what it shows or does."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from urllib.parse import quote, urlencode

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from heliograph.config.settings import Settings
from heliograph.core.delivery import Delivery
from heliograph.core.errors import NotFound
from heliograph.core.lifecycle import State
from heliograph.core.operators import Session
from heliograph.core.ports import Clock
from heliograph.edge.console import (
    access,
    channels,
    dead_letters,
    message,
    messages,
    overview,
    scripts,
)
from heliograph.edge.console.channels import Checked
from heliograph.edge.console.door import Door, Form, assets, first, lost
from heliograph.edge.console.frame import ROOT, Look
from heliograph.edge.console.headers import HEADERS
from heliograph.edge.console.messages import number
from heliograph.intake.actions import Acted
from heliograph.intake.desk import Desk, everywhere
from heliograph.intake.operators import Operators

_CHECK_SECONDS = 20.0


class Console:
    """The operators' pages."""

    def __init__(self, desk: Desk, operators: Operators, settings: Settings, clock: Clock) -> None:
        self._desk = desk
        self._operators = operators
        self._door = Door(desk, operators, settings, clock)
        self._enabled = settings.console.enabled
        self._checked: dict[str, Checked] = {}  # by channel, since the start

    def routes(self) -> list[Route]:
        """None at all when the console is off."""
        if not self._enabled:
            return []
        shown, pressed = self._door.shown, self._door.pressed
        pages = {
            "": self.overview,
            "/messages": self.messages,
            "/messages/{message}": self.message,
            "/dead-letters": self.dead_letters,
            "/channels": self.channels,
            "/scripts": self.scripts,
            "/access": self.access,
        }
        buttons = {
            "/messages/{message}/retry": self.retry,
            "/messages/{message}/cancel": self.cancel,
            "/dead-letters/retry": self.retry_many,
            "/channels/check": self.check,
            "/scripts/reload": self.reload,
            "/access/end": self.end,
            "/sign-out": self._door.leave,
        }
        return [
            Route(f"{ROOT}/sign-in", self._door.entrance, methods=["GET"]),
            Route(f"{ROOT}/sign-in", self._door.enter, methods=["POST"]),
            Route(f"{ROOT}/console.css", self._door.asset, methods=["GET"]),
            Route(f"{ROOT}/console.js", self._door.asset, methods=["GET"]),
            *(Route(ROOT + path, shown(show), methods=["GET"]) for path, show in pages.items()),
            *(Route(ROOT + path, pressed(press), methods=["POST"]) for path, press in buttons.items()),
            Route(f"{ROOT}/{{rest:path}}", nowhere, methods=["GET"]),
        ]

    # ------------------------------------------------------------------- pages

    async def overview(self, request: Request, look: Look) -> str:
        """The first page."""
        return overview.render(look, await self._desk.overview(look.operator))

    async def messages(self, request: Request, look: Look) -> str:
        """The search; an id alone finds its message."""
        query = request.query_params
        named = number(query.get("id", "").strip())
        if named is not None:
            return await self._message_page(look, named, 0)
        found = await self._desk.search(look.operator, messages.asked(query), number(query.get("before", "")))
        return messages.render(look, found, query, self._desk.channel_names, await self._companies(look))

    async def _companies(self, look: Look) -> dict[int, str]:
        return {id: company.name for id, company in (await self._desk.companies(look.operator)).items()}

    async def message(self, request: Request, look: Look) -> str:
        """One message."""
        return await self._message_page(look, _message_id(request), number(request.query_params.get("start", "")) or 0)

    async def _message_page(self, look: Look, message_id: int, start: int) -> str:
        shown: list[Delivery] = []

        def closely(deliveries: Sequence[Delivery]) -> list[Delivery]:
            shown[:] = message.ordered(deliveries)[start : start + message.SHOWN]
            return shown

        view = await self._desk.message(look.operator, message_id, closely)
        mentioned = {view.message.sender_id, *(each.associate_id for each in shown)}
        mentioned |= {answer.associate_id for answer in view.answers[: message.SHOWN]}
        around = message.Around(
            company=(await self._companies(look)).get(view.message.company_id, str(view.message.company_id)),
            people=await self._desk.people({id for id in mentioned if id is not None}),
            start=start,
            shown=shown,
        )
        return message.render(look, view, around)

    async def dead_letters(self, request: Request, look: Look) -> str:
        """What ended badly."""
        state = _bad_state(request.query_params.get("state", ""))
        before = number(request.query_params.get("before", ""))
        found = await self._desk.bad_ends(look.operator, state, before)
        counts = (await self._desk.overview(look.operator)).backlog.bad
        return dead_letters.render(look, found, state, counts, first=before is None)

    async def channels(self, request: Request, look: Look) -> str:
        """All channels."""
        return channels.render(look, await self._desk.channels(look.operator), self._checked)

    async def scripts(self, request: Request, look: Look) -> str:
        """All scripts."""
        return scripts.render(look, *self._desk.scripts(look.operator))

    async def access(self, request: Request, look: Look) -> str:
        """Sign-ins and tokens; of an operator's own company where that is all the operator sees."""
        tokens = await self._desk.tokens(look.operator)
        return access.render(look, await self._sessions(look), tokens, await self._companies(look))

    async def _sessions(self, look: Look) -> list[Session]:
        reach = look.operator.company_id
        return [each for each in await self._operators.sessions() if reach in (None, each.company_id)]

    # ------------------------------------------------------------------- buttons

    async def retry(self, request: Request, look: Look, form: Form) -> str:
        """Send dead letters of one message again."""
        message_id = _message_id(request)
        acted = await self._desk.retry(look.operator, message_id, number(first(form, "delivery")))
        return _told(f"/messages/{message_id}", "retried", acted)

    async def cancel(self, request: Request, look: Look, form: Form) -> str:
        """Withdraw what waits of one message."""
        message_id = _message_id(request)
        acted = await self._desk.cancel(look.operator, message_id, number(first(form, "delivery")))
        return _told(f"/messages/{message_id}", "cancelled", acted)

    async def retry_many(self, request: Request, look: Look, form: Form) -> str:
        """Send the dead letters of the chosen messages again, or of all."""
        state = _bad_state(first(form, "state"))
        if first(form, "which") == "all":
            acted = await self._desk.retry_all(look.operator, state)
        else:
            ids = [id for id in map(number, form.get("id", [])) if id is not None]
            if not ids:
                return f"{ROOT}/dead-letters?" + urlencode({"state": state.value, "did": "none"})
            acted = await self._desk.retry_many(look.operator, ids)
        return _told("/dead-letters", "retried", acted, state=state.value)

    async def check(self, request: Request, look: Look, form: Form) -> str:
        """Ask one channel, or all, to check itself; the page shows what it says."""
        everywhere(look.operator)
        names = self._desk.channel_names
        chosen = first(form, "channel")
        if chosen and chosen not in names:
            raise NotFound("There is no such channel.")
        await asyncio.gather(*(self._check(look, name) for name in ([chosen] if chosen else names)))
        return f"{ROOT}/channels" + (f"#channel-{quote(chosen)}" if chosen else "")

    async def _check(self, look: Look, name: str) -> None:
        try:
            async with asyncio.timeout(_CHECK_SECONDS):
                told = await self._desk.check(look.operator, name)
            ok, sentence = told.ok, told.sentence
        except TimeoutError:
            ok, sentence = False, f"No answer within {_CHECK_SECONDS:g} seconds."
        self._checked[name] = Checked(ok, sentence, self._door.clock.now())

    async def reload(self, request: Request, look: Look, form: Form) -> str:
        """Read the scripts again."""
        states = await self._desk.reload_scripts(look.operator)
        trouble = sum(bool(state.problem) for state in states)
        return f"{ROOT}/scripts?" + urlencode({"did": "reloaded", "n": len(states) - trouble, "of": trouble})

    async def end(self, request: Request, look: Look, form: Form) -> str:
        """End a sign-in; of another company it is as if it were not there."""
        wanted = number(first(form, "session"))
        if wanted is None or wanted not in [each.id for each in await self._sessions(look)]:
            return f"{ROOT}/access?did=gone"
        await self._operators.end(wanted)
        return f"{ROOT}/access?did=ended"


def _message_id(request: Request) -> int:
    named = number(request.path_params["message"])
    if named is None:
        raise NotFound("There is no such message.")
    return named


def _bad_state(text: str) -> State:
    return next((state for state in dead_letters.STATES_SHOWN if state.value == text), State.FAILED)


def _told(path: str, did: str, acted: list[Acted], **more: str) -> str:
    asked = [done for done in acted if done.moved or done.was not in (State.SENT, State.DELIVERED, State.REPLIED)]
    moved = sum(done.moved for done in acted)
    if did == "retried" and not moved:
        did = "kept"
    return f"{ROOT}{path}?" + urlencode({**more, "did": did, "n": moved, "of": max(len(asked), moved)})


async def nowhere(request: Request) -> Response:
    """An address below the console that is none; the root with a slash is the root."""
    if request.path_params["rest"] == "":
        return RedirectResponse(ROOT, 308, headers=HEADERS)
    return HTMLResponse(lost(assets()), 404, headers=HEADERS)
