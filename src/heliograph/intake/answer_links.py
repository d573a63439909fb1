"""Links by which a question can be answered without signing in: whoever holds one is its recipient.

A link names one delivery and is sealed, so that none can be made up or turned into another's. Looking at it
changes nothing: mail scanners and previews look at every link.
"""

from __future__ import annotations

import msgspec

from heliograph.core import base64url
from heliograph.core.delivery import Letter
from heliograph.core.errors import NotFound
from heliograph.core.message import Push, PushType
from heliograph.core.people import Caller, Door
from heliograph.core.ports import Directory, Sealer

PATH = "/answer/"
_CONTEXT = "answer.link"
_LONGEST = 200  # characters of a token; ours have about a hundred


class Asked(msgspec.Struct, frozen=True, array_like=True):
    """What a link stands for."""

    company_id: int
    associate_id: int
    message_id: int
    delivery_id: int


class AnswerLinks:
    """Makes links and reads them."""

    def __init__(self, sealer: Sealer, public_url: str) -> None:
        self._sealer = sealer
        self._public_url = public_url.rstrip("/")

    def of(self, letter: Letter) -> str:
        """The link for this delivery; empty where nothing is asked, nobody is, or `server.public_url` is not set."""
        content, owner = letter.message.content, letter.address.associate_id
        if not (isinstance(content, Push) and content.type is PushType.QUESTION and owner and self._public_url):
            return ""
        asked = Asked(letter.message.company_id, owner, letter.message.id, letter.delivery_id)
        return f"{self._public_url}{PATH}{self.token(asked)}"

    def token(self, asked: Asked) -> str:
        """What follows /answer/ in the link."""
        return base64url.encode(self._sealer.seal(msgspec.msgpack.encode(asked), context=_CONTEXT))

    def read(self, token: str) -> Asked:
        """Raises NotFound for what is no link of ours."""
        try:
            if len(token) > _LONGEST:
                raise ValueError
            sealed = base64url.decode(token)
            if base64url.encode(sealed) != token:  # another spelling of the same bytes is none of ours
                raise ValueError
            return msgspec.msgpack.decode(self._sealer.open(sealed, context=_CONTEXT), type=Asked)
        except (ValueError, msgspec.DecodeError):
            raise NotFound("This link is not valid.") from None

    async def caller(self, token: str, directory: Directory) -> tuple[Caller, Asked]:
        """Who answers by this link, and what. Raises NotFound, also when the user or the company is active no more."""
        asked = self.read(token)
        user, company = await directory.user(asked.associate_id), await directory.company(asked.company_id)
        if user is None or not user.active or company is None or not company.active or user.company_id != company.id:
            raise NotFound("This link is not valid.")
        return Caller(company_id=company.id, door=Door.REST, associate_id=user.associate_id), asked
