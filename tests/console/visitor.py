"""A browser without a screen: keeps the cookie, sends forms as browsers do, finds its way in what it is shown."""

from __future__ import annotations

import html
import re
from urllib.parse import urlencode, urlsplit

from heliograph.testing.asking import Heard
from heliograph.testing.running import PASSWORD, Town


class Visitor:
    """Somebody at the console of a town."""

    def __init__(self, town: Town, url: str = "") -> None:
        self.town = town
        self.cookie = ""
        self.page: Heard | None = None
        self.origin = url or town.url

    async def get(self, path: str = "", **headers: str) -> Heard:
        """A page."""
        return await self._ask("GET", path, {name.replace("_", "-"): value for name, value in headers.items()})

    async def press(self, path: str, *, headers: dict[str, str] | None = None, **fields: str | list[str]) -> Heard:
        """A button of the page shown last, whose token goes along; to where it leads."""
        token = re.search(r'name="token" value="([^"]+)"', self.page.text if self.page else "")
        return await self.post(path, {"token": token[1] if token else "", **fields}, headers)

    async def post(self, path: str, fields: dict[str, str | list[str]], headers: dict[str, str] | None = None) -> Heard:
        """A form; the answer itself, no further."""
        given = {"Content-Type": "application/x-www-form-urlencoded"}
        given |= {"Origin": self.origin, "Sec-Fetch-Site": "same-origin"} if headers is None else headers
        return await self._ask("POST", path, given, urlencode(fields, doseq=True).encode())

    async def follow(self, heard: Heard) -> Heard:
        """The page a button leads to."""
        assert heard.status == 303, heard.text
        return await self.get(heard.headers["location"].removeprefix("/console"))

    async def _ask(self, method: str, path: str, headers: dict[str, str], body: bytes = b"") -> Heard:
        if self.cookie:
            headers["Cookie"] = self.cookie
        headers.setdefault("Host", urlsplit(self.origin).netloc)
        heard = await self.town.ask(method, f"/console{path}", headers, body)
        if "set-cookie" in heard.headers:
            self.cookie = heard.headers["set-cookie"].partition(";")[0]
        if method == "GET" and heard.status == 200:
            self.page = heard
        return heard

    async def sign_in(self, user_name: str = "keeper101", password: str = PASSWORD, **fields: str) -> Heard:
        """By password."""
        given: dict[str, str | list[str]] = {"user_name": user_name, "password": password, **fields}
        return await self.post("/sign-in", given)

    async def with_code(self) -> Heard:
        """By a one-time code, as `heliograph console link` makes it."""
        return await self.post("/sign-in", {"code": await self.town.app.operators.make_code()})


def words(heard: Heard) -> str:
    """What a reader of the page reads, on one line."""
    body = heard.text.partition("<main")[2]
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", body.partition(">")[2])).split())
