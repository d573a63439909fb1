"""What a provider's profile may say, and how one is read: a TOML file, ready-made or the operator's own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import StrEnum
from importlib.resources import files
from pathlib import Path
from typing import Any

import msgspec

from heliograph.channels.http_sms.proof import Proof, Scheme
from heliograph.core.errors import BadSetting

READY = files(__package__) / "profiles"

#: What a template may name beside the profile's own options.
VALUES = frozenset(
    {"to", "to_digits", "from", "from_digits", "from_type", "text", "reference", "callback", "encoding", "parts"}
)

#: `{name}`, `{name:int}`, or `{one|other}` for the first that is not empty.
PLACEHOLDER = re.compile(r"\{([A-Za-z0-9_|]+)(:int)?\}", re.ASCII)


class Meaning(StrEnum):
    """What follows from an answer."""

    TAKEN = "taken"
    AGAIN = "again"
    SLOWER = "slower"
    DOUBT = "doubt"
    SET_UP = "set-up"
    NEVER = "never"
    GONE = "gone"


class Body(StrEnum):
    """How the fields travel."""

    FORM = "form"
    JSON = "json"
    XML = "xml"  # `template` with the values escaped
    QUERY = "query"  # in the URL, without a body


class Reads(StrEnum):
    """What the provider writes."""

    JSON = "json"
    TEXT = "text"
    FORM = "form"  # receipts alone


class Option(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One value of an account, by the key that SendMessagesWithConfig gives it."""

    description: str
    required: bool = True
    default: str = ""


class Access(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What proves who we are, on every request."""

    basic: tuple[str, str] | None = None  # user and password
    headers: dict[str, str] = {}


class Request(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One request to the provider."""

    url: str
    method: str = "POST"
    body: Body = Body.FORM
    fields: dict[str, Any] = {}  # a field that comes out empty is left out
    template: str = ""  # of an XML body
    encodings: tuple[str, str] = ("gsm", "ucs-2")  # what `{encoding}` says for either alphabet
    sender_types: tuple[str, str, str] = ("number", "short", "name")  # what `{from_type}` says of a sender


class Row(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One line of the table of answers; the first that fits counts."""

    means: Meaning
    status: int | tuple[int, int] | None = None  # one, first and last, or any
    code: tuple[str, ...] = ()  # the provider's own; `*` is any, an empty one is none, no list at all does not ask
    say: str = ""  # in words, for the operator


class Answer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How the provider's answer is read."""

    rows: tuple[Row, ...]
    reads: Reads = Reads.JSON
    id: tuple[str, ...] = ()  # where the id is, first found; `{reference}` is the one we gave
    parts: str = ""  # where the ids of all parts are, with `*` for each; only where every part has a receipt of its own
    code: tuple[str, ...] = ()  # where the provider's own code is, first found
    proof: str = ""  # what must be there for the message to be taken; without it an answer is in doubt
    pattern: str = ""  # of a text: a regular expression with the groups `id` and `code`


class Receipts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a delivery receipt is read; a list of receipts is found at `each`."""

    reads: Reads
    id: tuple[str, ...]
    state: tuple[str, ...]
    delivered: tuple[str, ...]
    failed: tuple[str, ...]
    each: str = ""
    proof: Proof | None = None  # the provider's signature; without one, the key in the address is all there is
    reason: tuple[str, ...] = ()


class Inbound(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a text from a phone is read; a list of texts is found at `each`. A call without `text` is none."""

    reads: Reads
    sender: tuple[str, ...]
    to: tuple[str, ...]
    text: tuple[str, ...]
    id: tuple[str, ...] = ()  # the same when the provider calls again, and no other text's; none: it may come in twice
    part: tuple[str, str, str] | None = (
        None  # where reference, count and number are, of a long text handed in as several
    )
    each: str = ""
    charset: str = "utf-8"  # of a form
    answer: str = ""  # what the provider wants to hear; some send a plain text on to the phone
    media: str = "text/plain"  # type of the answer


class Profile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A provider."""

    name: str
    sources: tuple[str, ...]
    verified: bool  # whether everything in the file was read in the provider's own documentation
    options: dict[str, Option]
    request: Request
    answer: Answer
    access: Access = Access()
    check: Request | None = None  # a call that costs nothing and needs the account
    receipts: Receipts | None = None
    inbound: Inbound | None = None
    note: str = ""


def ready() -> list[str]:
    """The names of the profiles that come with the gateway."""
    return sorted(path.name.removesuffix(".toml") for path in READY.iterdir() if path.name.endswith(".toml"))


def load(name: str) -> Profile:
    """A ready profile by its name, or one of the operator's by the path of its file. Raises BadSetting."""
    own = name.endswith(".toml")
    if not own and name not in ready():
        raise BadSetting(f"profile: there is no profile {name[:60]!r}. Known: {', '.join(ready())}, or a .toml file.")
    try:
        text = (Path(name) if own else READY / f"{name}.toml").read_bytes()
        profile = msgspec.toml.decode(text, type=Profile)
    except OSError as error:
        raise BadSetting(f"profile: {name} cannot be read ({error.strerror}).") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadSetting(f"profile: {name}: {error}.") from None
    for problem in problems(profile):
        raise BadSetting(f"profile: {name}: {problem}.")
    return profile


def problems(profile: Profile) -> Iterator[str]:
    """What is wrong with a profile beyond its form."""
    known = VALUES | profile.options.keys()
    for template in _templates(profile):
        for match in PLACEHOLDER.finditer(template):
            for name in match[1].split("|"):
                if name not in known:
                    yield f"{match[0]} names neither a value nor an option; known: {', '.join(sorted(known))}"
    try:
        groups = re.compile(profile.answer.pattern).groupindex
    except re.error as error:
        yield f"answer.pattern is no regular expression ({error})"
        return
    if profile.answer.reads is Reads.TEXT and not {"id", "code"} & groups.keys():
        yield "answer.pattern needs a group named id or code"
    yield from _unproven(profile)
    if not any(row.means is Meaning.TAKEN for row in profile.answer.rows):
        yield "answer.rows says of no answer that the message was taken"


def _unproven(profile: Profile) -> Iterator[str]:
    proof = profile.receipts.proof if profile.receipts is not None else None
    if proof is None:
        return
    for option in (proof.secret, proof.method):
        if option and option not in profile.options:
            yield f"receipts.proof names the option {option}, which is none"
    place = proof.header if proof.scheme is Scheme.URL_AND_FORM else proof.field
    if not place or place != place.lower():
        yield "receipts.proof does not say where the signature is, in lower case"


def _templates(profile: Profile) -> Iterator[str]:
    requests = [profile.request, *([profile.check] if profile.check else [])]
    yield from profile.access.headers.values()
    yield from profile.access.basic or ()
    for request in requests:
        yield request.url
        yield request.template
        yield from _strings(request.fields)


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _strings(inner)
