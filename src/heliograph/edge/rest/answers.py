"""The page behind an answer link: it shows the question with two buttons, and takes the answer.

Only pressing a button answers: programs that follow links look at the page and change nothing.
"""

from __future__ import annotations

from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from heliograph.core.answer import YesNo
from heliograph.core.errors import Conflict, HeliographError
from heliograph.core.people import Caller
from heliograph.core.ports import Directory
from heliograph.edge import failures
from heliograph.edge.http.messages import read_body
from heliograph.edge.markup import Html, as_written, flow, tag
from heliograph.edge.pages import KEYED, page
from heliograph.intake.answer_links import PATH, AnswerLinks, Asked
from heliograph.intake.answers import OVER, AnswerService, Question
from heliograph.intake.services import Services

_LIMIT = 1024  # bytes of the form


class AnswerPages:
    """The addresses under /answer/."""

    def __init__(self, answering: AnswerService, links: AnswerLinks, services: Services, directory: Directory) -> None:
        self._answering = answering
        self._links = links
        self._services = services
        self._directory = directory

    def routes(self) -> list[Route]:
        """Look, and answer."""
        return [
            Route(PATH + "{token}", self.show, methods=["GET"]),
            Route(PATH + "{token}", self.take, methods=["POST"]),
        ]

    async def show(self, request: Request) -> Response:
        """The question, or the answer it has."""
        try:
            caller, asked = await self._caller(request)
            return await self._shown(caller, asked)
        except HeliographError as error:
            return _failed(error)

    async def take(self, request: Request) -> Response:
        """Answer; a second time shows what counts."""
        try:
            caller, asked = await self._caller(request)
            form = parse_qs((await read_body(request.receive, _LIMIT)).decode("latin-1"), max_num_fields=5)
            arguments = {
                "message_id": asked.message_id,
                "delivery_id": asked.delivery_id,
                "answer": form.get("answer", [""])[0],
            }
            try:
                await self._services.call("AnswerQuestion", arguments, caller)
            except Conflict as conflict:
                return await self._shown(caller, asked, note=conflict.detail, status=409)
            return await self._shown(caller, asked)
        except (HeliographError, ValueError) as error:
            return _failed(error)

    async def _caller(self, request: Request) -> tuple[Caller, Asked]:
        return await self._links.caller(request.path_params["token"], self._directory)

    async def _shown(self, caller: Caller, asked: Asked, *, note: str = "", status: int = 200) -> Response:
        question = await self._answering.question(caller, asked.message_id, asked.delivery_id)
        if question.over and question.answer is None:
            note = OVER
        return HTMLResponse(_question(question, note), status_code=status, headers=KEYED)


def _question(question: Question, note: str) -> str:
    push = question.push
    title = as_written(push.title or "A question")
    body = flow(
        tag("p", as_written(push.body), class_="text") if push.body else None,
        tag("p", tag("strong", note)) if note else None,
        _state(question),
    )
    return page(title, title, "A question for you", body)


def _state(question: Question) -> Html:
    """The answer; or the buttons, as long as there is time."""
    if question.answer is not None:
        return tag("p", "Your answer: ", tag("strong", question.answer.value))
    if question.over:
        return tag("p", "Nothing was answered.")
    buttons = [tag("button", each.value.capitalize(), name="answer", value=each.value) for each in YesNo]
    return tag("form", buttons, class_="answer", method="post")


def _failed(error: Exception) -> Response:
    row = failures.row(error)
    told = failures.told(error) if isinstance(error, HeliographError) else "The form cannot be read."
    status = row.http_status if isinstance(error, HeliographError) else 400
    whole = page("Not answered", "Not answered", "Nothing was changed", tag("p", told))
    return HTMLResponse(whole, status_code=status, headers=KEYED)
