"""What FCM's answers mean for a delivery: one table (Firebase, "FCM error codes" and "Scale FCM")."""

from __future__ import annotations

from enum import Enum
from typing import Any

import msgspec

from heliograph.channels.replies import read_json

FIRST_WAIT = 10.0  # seconds at least before a request that failed at Google is sent again
QUOTA_WAIT = 60.0  # seconds, when the quota is used up and Google does not say
NO_PROJECT = 3  # answers of 404 in a row that are about no device, after which the project is doubted
_NOT_A_TOKEN = "not a valid fcm registration token"
_FCM_ERROR = "type.googleapis.com/google.firebase.fcm.v1.FcmError"
_BAD_REQUEST = "type.googleapis.com/google.rpc.BadRequest"


class Meaning(Enum):
    """What follows from an answer."""

    TAKEN = "FCM has it"
    DEAD = "the token is dead for this project: it is not used again"
    NEVER = "this message is refused; the token is kept"
    NEW_TOKEN = "tried again with a new access token; if the token had never worked, the channel pauses"
    OURS = "the channel pauses, and no attempt is counted: our set-up is wrong"
    NO_PROJECT = "tried again; three in a row pause the channel"
    SLOWER = "the whole channel waits as long as Google says, else 60 seconds; no attempt is counted"
    AGAIN = "tried again when Google says, after 10 seconds at least, then twice as long each time; refused at the ninth attempt, after about an hour"


class Sign(Enum):
    """What else the answer says, where the code alone is not enough."""

    ANY = ""
    NOT_A_TOKEN = "an FcmError and `not a valid FCM registration token`"
    FIELDS = "a BadRequest with `fieldViolations`"
    NO_DETAIL = "no FcmError"


class Answer(msgspec.Struct, frozen=True):
    """A row. `code` is the FcmError's, or else the status word; empty matches all. `mend` is for OURS."""

    status: int
    code: str
    meaning: Meaning
    sign: Sign = Sign.ANY
    mend: str = ""


#: The first row that fits counts.
ANSWERS: tuple[Answer, ...] = (
    Answer(200, "", Meaning.TAKEN),
    Answer(400, "INVALID_ARGUMENT", Meaning.NEVER, Sign.FIELDS),
    Answer(400, "INVALID_ARGUMENT", Meaning.DEAD, Sign.NOT_A_TOKEN),
    Answer(400, "INVALID_ARGUMENT", Meaning.NEVER),
    Answer(
        401,
        "THIRD_PARTY_AUTH_ERROR",
        Meaning.OURS,
        mend="the APNs key or the web push key in the Firebase project is missing or wrong",
    ),
    Answer(
        401,
        "UNAUTHENTICATED",
        Meaning.NEW_TOKEN,
        mend="Google does not take the access token it gave: check the service account",
    ),
    Answer(403, "SENDER_ID_MISMATCH", Meaning.DEAD),
    Answer(
        403,
        "PERMISSION_DENIED",
        Meaning.OURS,
        mend="the service account may not send for this project: give it the role Firebase Cloud Messaging API Admin, "
        "and enable the API",
    ),
    Answer(404, "UNREGISTERED", Meaning.DEAD),
    Answer(404, "", Meaning.NO_PROJECT, Sign.NO_DETAIL, mend="there is no such project: check `project`"),
    Answer(429, "QUOTA_EXCEEDED", Meaning.SLOWER),
    Answer(429, "", Meaning.SLOWER),
    Answer(500, "INTERNAL", Meaning.AGAIN),
    Answer(500, "", Meaning.AGAIN),
    Answer(503, "UNAVAILABLE", Meaning.AGAIN),
    Answer(503, "", Meaning.AGAIN),
)


class Told(msgspec.Struct, frozen=True):
    """What an answer's body says."""

    code: str
    signs: frozenset[Sign]
    about_token: bool = False  # whether a field violation is about the registration token


class _Error(msgspec.Struct):
    status: str = ""
    message: str = ""
    details: list[dict[str, Any]] = []


class _Body(msgspec.Struct):
    error: _Error


def told(body: bytes) -> Told:
    """The body read; anything that is not Google's form of an error says nothing."""
    read = read_json(body, _Body)
    if read is None:
        return Told("", frozenset((Sign.NO_DETAIL,)))
    error = read.error
    by_type = {kind: detail for detail in error.details if isinstance(kind := detail.get("@type"), str)}
    fcm = by_type.get(_FCM_ERROR)
    fields = by_type.get(_BAD_REQUEST, {}).get("fieldViolations")
    signs = set()
    if fcm is None:
        signs.add(Sign.NO_DETAIL)
    elif _NOT_A_TOKEN in error.message.lower():
        signs.add(Sign.NOT_A_TOKEN)
    if fields:
        signs.add(Sign.FIELDS)
    code = (fcm or {}).get("errorCode")
    code = code if isinstance(code, str) and code else error.status
    return Told(_word(code), frozenset(signs), _names_token(fields))


def _names_token(fields: Any) -> bool:
    named = [field.get("field") for field in fields if isinstance(field, dict)] if isinstance(fields, list) else []
    return "message.token" in named


def find(status: int, said: Told) -> Answer | None:
    """The first row that fits; None for an answer that Google does not document."""
    for row in ANSWERS:
        if row.status == status and row.code in ("", said.code) and (row.sign is Sign.ANY or row.sign in said.signs):
            return row
    return None


def _word(code: str) -> str:
    return code if len(code) <= 40 and code.replace("_", "").isalpha() and code.isascii() else ""


def as_rows() -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """The table for the docs: heads and rows."""
    rows: list[tuple[str, ...]] = [
        (str(row.status), row.code or ("" if row.status == 200 else "any other"), row.sign.value, row.meaning.value)
        for row in ANSWERS
    ]
    rows.append(("any other", "", "", "tried again, five times at most"))
    return ("status", "code", "with", "what follows"), rows
