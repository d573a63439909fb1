"""What Apple's answers mean for a delivery: one table (Apple, "Handling notification responses from APNs")."""

from __future__ import annotations

from enum import Enum

import msgspec

LATER = 15 * 60.0  # seconds: Apple's word for when to come back after trouble of its own
DEVICE_BUSY = 60.0  # seconds before the same device is tried again


class Meaning(Enum):
    """What follows from an answer."""

    TAKEN = "Apple has it"
    DEAD = "the token is dead: it is not used again"
    DEAD_SINCE = "the token is dead since the `timestamp` in the answer: it is not used again, unless registered later"
    MIXED_UP = "the token is dead, if others of this environment are taken; else it is kept: see below"
    NEVER = "this notification is refused"
    AGAIN = "tried again"
    LATER = "tried again after 15 minutes, or when Apple says"
    BUSY = "this device is tried again after a minute, or when Apple says"
    NEW_TOKEN = "signed anew and tried again over a new connection; if the signature was young, the channel pauses: our clock is wrong"
    TOO_MANY_TOKENS = "the channel pauses for 20 minutes and keeps its signature"
    OURS = "the channel pauses, and no attempt is counted: our set-up is wrong"


class Answer(msgspec.Struct, frozen=True):
    """A row: status and reason, what follows, and for OURS how to mend it."""

    status: int
    reason: str
    meaning: Meaning
    mend: str = ""


def _rows(status: int, meaning: Meaning, *reasons: str) -> tuple[Answer, ...]:
    return tuple(Answer(status, reason, meaning) for reason in reasons)


ANSWERS: tuple[Answer, ...] = (
    Answer(200, "", Meaning.TAKEN),
    Answer(400, "BadDeviceToken", Meaning.MIXED_UP),
    Answer(400, "DeviceTokenNotForTopic", Meaning.DEAD),
    Answer(
        400, "TopicDisallowed", Meaning.OURS, "the topic is not allowed for this key; `topic` must be the bundle id"
    ),
    *_rows(
        400,
        Meaning.NEVER,
        *("BadTopic", "MissingTopic", "InvalidPushType", "DuplicateHeaders", "BadPriority", "BadExpirationDate"),
        *("BadMessageId", "BadCollapseId", "PayloadEmpty", "MissingDeviceToken"),
    ),
    Answer(400, "IdleTimeout", Meaning.AGAIN),
    Answer(403, "ExpiredProviderToken", Meaning.NEW_TOKEN, "this machine's clock is wrong: set it by NTP"),
    Answer(
        403,
        "InvalidProviderToken",
        Meaning.OURS,
        "Apple does not accept the signature: check `key_id`, `team_id`, the signing key and this machine's clock",
    ),
    Answer(403, "MissingProviderToken", Meaning.OURS, "Apple wants a signing key or a certificate for this topic"),
    Answer(403, "BadCertificate", Meaning.OURS, "Apple does not accept the certificate: renew `certificate_file`"),
    Answer(
        403,
        "BadCertificateEnvironment",
        Meaning.OURS,
        "the certificate is for the other environment: change `environment` or `certificate_file`",
    ),
    Answer(
        403,
        "BadEnvironmentKeyIdInToken",
        Meaning.OURS,
        "the signing key is for the other environment: change `environment` or the key",
    ),
    Answer(
        403,
        "UnrelatedKeyIdInToken",
        Meaning.OURS,
        "the connection began with another team's key: check `key_id` and `team_id`",
    ),
    Answer(403, "Forbidden", Meaning.OURS, "Apple refuses this account: look at it in Apple's developer pages"),
    Answer(404, "BadPath", Meaning.NEVER),
    Answer(405, "MethodNotAllowed", Meaning.NEVER),
    *_rows(410, Meaning.DEAD_SINCE, "Unregistered", "ExpiredToken"),
    Answer(413, "PayloadTooLarge", Meaning.NEVER),
    Answer(429, "TooManyRequests", Meaning.BUSY),
    Answer(
        429,
        "TooManyProviderTokenUpdates",
        Meaning.TOO_MANY_TOKENS,
        "another gateway signs with this key: use one key for each",
    ),
    Answer(500, "InternalServerError", Meaning.LATER),
    *_rows(503, Meaning.LATER, "ServiceUnavailable", "Shutdown"),
)

_BY_REASON = {(row.status, row.reason): row for row in ANSWERS}


def find(status: int, reason: str) -> Answer | None:
    """The row of an answer; None for one that Apple does not document."""
    return _BY_REASON.get((status, reason))


def as_rows() -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """The table for the docs: heads and rows."""
    rows: list[tuple[str, ...]] = [(str(row.status), row.reason, row.meaning.value) for row in ANSWERS]
    rows.append(("any other", "", "tried again, five times at most"))
    return ("status", "reason", "what follows"), rows
