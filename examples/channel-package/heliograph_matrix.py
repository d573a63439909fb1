"""Writes messages into Matrix rooms, by the client-server API."""

import re
from typing import Any
from urllib.parse import quote

import msgspec
from pydantic import Field, SecretStr, field_validator

from heliograph.channels.notice import read
from heliograph.channels.plugin import Plugin, Tools
from heliograph.channels.replies import read_json
from heliograph.channels.trouble import failed, unreachable
from heliograph.channels.waits import retry_after
from heliograph.config.settings import Area
from heliograph.core.delivery import Address, Letter
from heliograph.core.errors import InvalidArgument
from heliograph.core.message import Push
from heliograph.core.outcome import Accepted, Deferred, Outcome, Refused
from heliograph.core.ports import AddressRefused, Check, ConnectFailed, Reply, ReplyLost, Traits
from heliograph.core.retry import RetryPolicy

_ROOM = re.compile(r"![A-Za-z0-9._~=/+-]{1,200}(:[A-Za-z0-9.\-\[\]:]{1,200})?", re.ASCII)

#: What the homeserver's answers mean; whatever is not here is tried again.
ANSWERS: dict[int, Outcome] = {
    400: Refused("the homeserver answered 400: it cannot read this message"),
    401: Deferred("the homeserver answered 401", pause="the homeserver does not accept the access token"),
    403: Refused("the homeserver answered 403: the channel's user is not in that room"),
    404: Refused("the homeserver answered 404: there is no such room"),
    413: Refused("the homeserver answered 413: the message is too long"),
}


class Written(msgspec.Struct):
    """The homeserver's answer to a message it has taken."""

    event_id: str = ""


class MatrixSettings(Area):
    """A user of a Matrix homeserver."""

    homeserver: str = Field(description="Where the homeserver is reached, as https://matrix.example.com.")
    access_token: SecretStr = Field(description="The access token of a user who has joined the rooms.")
    timeout: float = Field(15.0, gt=0, le=120, description="Seconds the homeserver may take to answer.")

    @field_validator("homeserver")
    @classmethod
    def _base(cls, value: str) -> str:
        if not re.fullmatch(r"https?://[^/\s]+/?", value):
            raise ValueError("must be like https://matrix.example.com, without a path")
        return value.rstrip("/")


class MatrixChannel:
    """One try is one PUT."""

    def __init__(self, settings: MatrixSettings, tools: Tools) -> None:
        self._settings = settings
        self._tools = tools
        self._traits = Traits(
            formats=("text/plain", "text/html"),
            concurrency=16,
            timeout=settings.timeout + 5.0,
            # The homeserver knows a transaction id that it has had, so what is in doubt may be sent again.
            retry=RetryPolicy(attempts=20, resend_in_doubt=True),
        )

    @property
    def traits(self) -> Traits:
        """Plain text and HTML."""
        return self._traits

    async def resolve(self, company_id: int, to: str, format: str) -> Address:
        """A room's id. Raises InvalidArgument."""
        if not _ROOM.fullmatch(to):
            raise InvalidArgument("To must be a room's id like !abc:example.com.", field="To")
        return Address(value=to)

    async def send(self, letter: Letter) -> Outcome:
        """Ask the homeserver once, with a transaction id that stays the same for every attempt."""
        if not _ROOM.fullmatch(letter.address.value):
            return Refused("the address is not a Matrix room")
        transaction = f"{letter.message.created_at:x}-{letter.delivery_id}"
        path = f"/_matrix/client/v3/rooms/{quote(letter.address.value, safe='')}/send/m.room.message/{transaction}"
        try:
            reply = await self._ask("PUT", path, msgspec.json.encode(event(letter)))
        except (AddressRefused, ConnectFailed, ReplyLost) as trouble:
            return failed(trouble)
        if reply.status == 200:
            written = read_json(reply.body, Written) or Written()
            return Accepted(provider_id=written.event_id[:200], detail="the homeserver took it")
        wish = retry_after(reply.headers.get("retry-after", ""), now=self._tools.clock.now())
        return ANSWERS.get(reply.status) or Deferred(f"the homeserver answered {reply.status}", retry_after=wish)

    async def check(self) -> Check:
        """Ask the homeserver who we are."""
        try:
            reply = await self._ask("GET", "/_matrix/client/v3/account/whoami", b"")
        except (AddressRefused, ConnectFailed, ReplyLost) as trouble:
            return unreachable("The homeserver", trouble)
        return Check(reply.status == 200, f"The homeserver answered {reply.status} when asked who we are.")

    async def close(self) -> None:
        """Nothing to let go of: the connections are the transport's."""

    async def _ask(self, method: str, path: str, body: bytes) -> Reply:
        headers = {"authorization": f"Bearer {self._settings.access_token.get_secret_value()}"}
        if body:
            headers["content-type"] = "application/json"
        url = self._settings.homeserver + path
        return await self._tools.transport.request(
            method, url, headers=headers, body=body, timeout=self._settings.timeout
        )


def event(letter: Letter) -> dict[str, Any]:
    """A letter as a room's event. A push shows its title and link on lines of their own."""
    content = letter.message.content
    notice = read(letter.message)  # cleaned of what no JSON can hold
    if isinstance(content, Push):
        lines = (notice.title, notice.body, notice.data.get("url", ""))
        return {"msgtype": "m.text", "body": "\n".join(line for line in lines if line)}
    if content.format == "text/html":
        plain = re.sub(r"<[^>]*>", "", notice.body)
        return {
            "msgtype": "m.text",
            "body": plain,
            "format": "org.matrix.custom.html",
            "formatted_body": notice.body,
        }
    return {"msgtype": "m.text", "body": notice.body}


PLUGIN = Plugin(
    kind="matrix",
    description="Writes messages into Matrix rooms.",
    settings=MatrixSettings,
    build=lambda name, settings, tools: MatrixChannel(settings, tools),
)
