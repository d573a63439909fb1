"""What a provider's answer means for the delivery: its profile's rows, then the general ones by HTTP status."""

from __future__ import annotations

from heliograph.channels.http_sms.profile import Meaning, Profile, Row, load, ready
from heliograph.channels.http_sms.reading import Found
from heliograph.channels.waits import retry_after
from heliograph.core.outcome import Accepted, Deferred, Gone, Outcome, Refused
from heliograph.core.ports import Reply

#: Where a profile says nothing of an answer. The first row that fits counts; any other status: doubt.
GENERAL: tuple[Row, ...] = (
    Row(Meaning.DOUBT, (200, 299), say="it does not say whether it took the message"),
    Row(Meaning.SET_UP, (300, 399), say="the address has moved"),
    Row(Meaning.SET_UP, 401, say="the account is not accepted"),
    Row(Meaning.SET_UP, 402, say="there is no credit left"),
    Row(Meaning.SET_UP, 403, say="the account may not do this"),
    Row(Meaning.SET_UP, 404, say="there is nothing at this address"),
    Row(Meaning.AGAIN, 408, say="the request came too slowly"),
    Row(Meaning.SLOWER, 429, say="too many requests"),
    Row(Meaning.NEVER, (400, 499), say="the request is refused"),
    Row(Meaning.SLOWER, 503, say="it is busy"),
    Row(Meaning.DOUBT, 502, say="something between us failed"),
    Row(Meaning.DOUBT, 504, say="something between us failed"),
    Row(Meaning.AGAIN, (500, 599), say="it failed"),
)

ANY = "*"  # as a row's code: any that is there

_WORDS = {
    Meaning.TAKEN: "accepted",
    Meaning.AGAIN: "try again",
    Meaning.SLOWER: "slow the whole channel, try again; the try is not counted",
    Meaning.DOUBT: "in doubt: by `in_doubt`",
    Meaning.SET_UP: "our set-up is wrong: pause the channel; with the caller's own account: refused",
    Meaning.NEVER: "refused",
    Meaning.GONE: "refused, and the number is not used again",
}


def row_for(profile: Profile, status: int, code: str) -> Row:
    """The row that counts for an answer."""
    for row in (*profile.answer.rows, *GENERAL):
        if _fits(row, status, code):
            return row
    return Row(Meaning.DOUBT, say="that is no status we know")


def outcome(profile: Profile, reply: Reply, found: Found, *, now: int, own_account: bool) -> Outcome:
    """What a reply means. `own_account`: the caller brought the account, so that its faults are the caller's."""
    row = row_for(profile, reply.status, found.code)
    shown = f", code {found.code}" if _showable(profile, found.code) else ""
    said = f"{profile.name} answered {reply.status}{shown}" + (f": {row.say}" if row.say else "")
    match row.means:
        case Meaning.TAKEN if not found.proven:
            return Deferred(
                f"{profile.name} answered {reply.status} without what shows that it took the message", in_doubt=True
            )
        case Meaning.TAKEN:
            return Accepted(provider_id=found.id, detail=said)
        case Meaning.AGAIN:
            return Deferred(said)
        case Meaning.SLOWER:
            wish = retry_after(reply.headers.get("retry-after", ""), now=now)
            return Deferred(said, retry_after=wish, lane=not own_account, charged=False)
        case Meaning.DOUBT:
            return Deferred(said, in_doubt=True)
        case Meaning.SET_UP:
            return Refused(said) if own_account else Deferred(said, pause=said)
        case Meaning.NEVER:
            return Refused(said)
        case Meaning.GONE:
            return Gone(said)


def as_rows() -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """The tables of all ready profiles and the general one for the docs: heads and rows, to be read down."""
    rows: list[tuple[str, ...]] = []
    for name in ready():
        rows += [(f"`{name}`", *_cells(row)) for row in load(name).answer.rows]
    rows += [("any", *_cells(row)) for row in GENERAL]
    return ("profile", "status", "code", "said", "what follows"), rows


def _cells(row: Row) -> tuple[str, ...]:
    return (_statuses(row), ", ".join(row.code) or "any", row.say, _WORDS[row.means])


def _statuses(row: Row) -> str:
    if row.status is None:
        return "any"
    return "-".join(map(str, row.status)) if isinstance(row.status, tuple) else str(row.status)


def _fits(row: Row, status: int, code: str) -> bool:
    if row.code and not (ANY in row.code and code) and code.casefold() not in {known.casefold() for known in row.code}:
        return False
    if row.status is None:
        return True
    first, last = row.status if isinstance(row.status, tuple) else (row.status, row.status)
    return first <= status <= last


def _showable(profile: Profile, code: str) -> bool:
    """Only what is known, or a short number: an answer may repeat what we sent it, secrets included."""
    known = {word.casefold() for row in profile.answer.rows for word in row.code}
    return code.casefold() in known or (code.isascii() and code.isdecimal() and len(code) <= 6)
