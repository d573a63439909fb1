"""How much companies may send, and how much one address is sent: counted in the transaction that accepts the messages.

What is read here is what has been committed, and what other calls of this process have taken and not committed yet is
added. So the limits hold exactly within one process; another process's calls under way (the command line's) are not seen.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from hashlib import blake2s

import msgspec

from heliograph.config.quotas import Allowance, QuotaSettings, Spending
from heliograph.core.errors import TooMany
from heliograph.core.events import QuotaReached
from heliograph.core.ports import Channels, Clock, Observer
from heliograph.core.usage import WINDOWS, Span, Usage, Used


class Limit(StrEnum):
    """Which kind of limit it is."""

    COMPANY = "company"
    CHANNEL = "channel"
    PREFIX = "prefix"
    SPENDING = "spending"
    COUNTRY = "country"
    ADDRESS = "address"


#: Limits that are about one item; the others are about how much a company may send at all.
OF_ITEMS = frozenset({Limit.COUNTRY, Limit.ADDRESS})

MONEY = 10_000  # money is counted in parts of that size of its unit


class Want(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that would be sent."""

    channel: str
    address: str
    units: int = 1  # what it counts as on its channel: the parts of an SMS
    messages: int = 1  # what it counts as for the company; 0 for a further way to the same person


class Meter(msgspec.Struct, frozen=True, kw_only=True):
    """One limit in its present window."""

    kind: Limit
    scope: str
    starts_at: int  # ms since the epoch
    ends_at: int  # ms since the epoch
    most: int
    words: str  # what is limited, as a reader would say it
    each: int = 1  # what one unit counts as
    scale: int = 1  # by which counts are divided to be read

    @property
    def key(self) -> tuple[str, int, int]:
        """What it is counted under, within its company."""
        return (self.scope, self.starts_at, self.ends_at)


class Refusal(msgspec.Struct, frozen=True):
    """Why one thing is not sent."""

    kind: Limit
    words: str
    retry_after: float = 0.0  # seconds until there is room again; 0: there never will be


class Admission(msgspec.Struct, frozen=True):
    """What may be sent. Whoever asked hands `usage` to the store, and says when that is over (`Quotas.over`)."""

    company_id: int
    usage: tuple[Used, ...] = ()
    refused: dict[int, Refusal] = {}  # by place among the wants

    def words(self, place: int) -> str:
        """Why that one is refused; empty when it is not."""
        refusal = self.refused.get(place)
        return "" if refusal is None else refusal.words


class Quotas:
    """Asked before anything is accepted; without any limit in the settings it costs one look at a flag."""

    def __init__(
        self, settings: QuotaSettings, channels: Channels, usage: Usage, clock: Clock, observer: Observer | None = None
    ) -> None:
        self._settings = settings
        self._usage = usage
        self._clock = clock
        self._observer = observer
        self._phones = frozenset(name for name, channel in channels.items() if channel.traits.addressed_by == "phone")
        self._mail = frozenset(name for name, channel in channels.items() if channel.traits.addressed_by == "email")
        self._prefixes = sorted(settings.prefixes, key=len, reverse=True)
        self._priced = sorted(settings.prices, key=len, reverse=True)
        self._under_way: dict[tuple[int, str, int, int], int] = {}  # taken by calls that are not committed yet
        self.on = settings != QuotaSettings()

    async def admit(self, company_id: int, wants: Sequence[Want]) -> Admission:
        """Each that there is room for, in order. Raises Unavailable when the store cannot be read."""
        if not self.on or not wants:
            return Admission(company_id)
        now = self._clock.now()
        meters = [list(self._meters(company_id, want, now)) for want in wants]
        left = await self._left(company_id, {meter.key: meter for several in meters for meter in several})
        usage: dict[tuple[str, int, int], int] = {}
        refused: dict[int, Refusal] = {}
        for place, (want, several) in enumerate(zip(wants, meters, strict=True)):
            refusal = self._forbidden(want) or _exceeded(want, several, left, now)
            if refusal is not None:
                refused[place] = refusal
                continue
            for meter in several:
                taken = _cost(meter, want)
                left[meter.key] -= taken
                usage[meter.key] = usage.get(meter.key, 0) + taken
        used = tuple(_used(company_id, key, units) for key, units in usage.items() if units)
        for each in used:
            self._under_way[_key(each)] = self._under_way.get(_key(each), 0) + each.units
        self._tell(company_id, wants, refused)
        return Admission(company_id, used, refused)

    def price_of(self, channel: str, address: str, units: int) -> int:
        """What so many units to that address cost, as spending counts it; 0 where no price is known."""
        price = self._price(Want(channel=channel, address=address))
        return round((price or 0.0) * MONEY) * units

    def over(self, admission: Admission) -> None:
        """What was admitted is in the store now, or will never be."""
        for used in admission.usage:
            rest = self._under_way.pop(_key(used), 0) - used.units
            if rest > 0:
                self._under_way[_key(used)] = rest

    async def report(self, company_id: int) -> list[tuple[Meter, int]]:
        """Every limit of a company's in its present window, with what is used of it; those of single addresses left out."""
        now = self._clock.now()
        meters = list(_windows(Limit.COMPANY, "company", self._of_company(company_id), "messages", now))
        for channel, allowance in self._settings.channels.items():
            meters += _windows(Limit.CHANNEL, f"channel:{channel}", allowance, f"messages by {channel}", now)
        for prefix, allowance in self._settings.prefixes.items():
            meters += _windows(Limit.PREFIX, f"prefix:{prefix}", allowance, f"messages to {prefix}", now)
        meters += self._spending(0, now)
        used = await self._usage.used([_used(company_id, meter.key, 0) for meter in meters])
        return list(zip(meters, used, strict=True))

    async def _left(
        self, company_id: int, meters: Mapping[tuple[str, int, int], Meter]
    ) -> dict[tuple[str, int, int], int]:
        wanted = [_used(company_id, key, 0) for key in meters]
        used = await self._usage.used(wanted)
        return {
            key: meter.most - before - self._under_way.get(_key(one), 0)
            for (key, meter), one, before in zip(meters.items(), wanted, used, strict=True)
        }

    def _meters(self, company_id: int, want: Want, now: int) -> Iterator[Meter]:
        yield from _windows(Limit.COMPANY, "company", self._of_company(company_id), "messages", now)
        if (allowance := self._settings.channels.get(want.channel)) is not None:
            yield from _windows(Limit.CHANNEL, f"channel:{want.channel}", allowance, f"messages by {want.channel}", now)
        if (price := self._price(want)) is not None:
            yield from self._spending(price, now)
        prefix = self._longest(want, self._prefixes)
        if prefix:
            allowance = self._settings.prefixes[prefix]
            yield from _windows(Limit.PREFIX, f"prefix:{prefix}", allowance, f"messages to {prefix}", now)
        most, window = self._settings.address.most, int(self._settings.address.window * 1000)
        if most:
            start = now - now % window
            # Nearly every mailbox is one however it is written; else each spelling would have a share of its own.
            one = want.address.casefold() if want.channel in self._mail else want.address
            yield Meter(
                kind=Limit.ADDRESS,
                scope=f"to:{want.channel}:{blake2s(one.encode(), digest_size=16).hexdigest()}",
                starts_at=start,
                ends_at=start + window,
                most=most,
                words="messages to this address",
            )

    def _of_company(self, company_id: int) -> Allowance:
        return self._settings.companies.get(str(company_id), self._settings.company)

    def _spending(self, price: float, now: int) -> Iterator[Meter]:
        """What is spent by prices; `each` is that of one unit."""
        for meter in _windows(Limit.SPENDING, "spending", self._settings.spending, "spent on SMS", now, scale=MONEY):
            yield msgspec.structs.replace(meter, each=round(price * MONEY))

    def _longest(self, want: Want, prefixes: Sequence[str]) -> str:
        """Of prefixes in order of length, the longest first, the one that the number begins with."""
        if want.channel not in self._phones:
            return ""
        return next((prefix for prefix in prefixes if want.address.startswith(prefix)), "")

    def _price(self, want: Want) -> float | None:
        """What a part to that number costs; None where it is not known, or there is no number."""
        return self._settings.prices.get(self._longest(want, self._priced))

    def _forbidden(self, want: Want) -> Refusal | None:
        if want.channel not in self._phones:
            return None
        allowed = self._settings.countries
        if allowed and not want.address.startswith(tuple(allowed)):
            return Refusal(Limit.COUNTRY, f"Numbers that begin so are not sent to; only {', '.join(allowed)[:200]}.")
        if self._settings.spending != Spending() and self._price(want) is None:
            return Refusal(Limit.COUNTRY, "Numbers that begin so have no price, and what is spent is limited.")
        return None

    def _tell(self, company_id: int, wants: Sequence[Want], refused: Mapping[int, Refusal]) -> None:
        if self._observer is None:
            return
        counts: dict[tuple[str, str], int] = {}
        for place, refusal in refused.items():
            channel = "" if refusal.kind is Limit.COMPANY else wants[place].channel
            counts[channel, refusal.kind.value] = counts.get((channel, refusal.kind.value), 0) + 1
        for (channel, kind), many in counts.items():
            self._observer.saw(QuotaReached(company_id, channel, kind, many))


def too_many(admission: Admission, wants: int) -> TooMany | None:
    """The error of a call of which nothing may be sent, because a limit on how much is sent leaves no room for any of it."""
    refused = admission.refused
    if not wants or len(refused) < wants or any(refusal.kind in OF_ITEMS for refusal in refused.values()):
        return None
    first = refused[min(refused)]
    return TooMany(first.words, retry_after=first.retry_after or 1.0)


def _windows(
    kind: Limit, scope: str, allowance: Allowance | Spending, words: str, now: int, *, scale: int = 1
) -> Iterator[Meter]:
    for span in Span:
        if most := getattr(allowance, span.value):
            starts_at, ends_at = WINDOWS[span](now)
            yield Meter(
                kind=kind,
                scope=scope,
                starts_at=starts_at,
                ends_at=ends_at,
                most=round(most * scale),
                words=f"{words} in {'an' if span is Span.HOUR else 'a'} {span}",
                scale=scale,
            )


def _cost(meter: Meter, want: Want) -> int:
    if meter.kind is Limit.COMPANY:
        return want.messages
    return 1 if meter.kind is Limit.ADDRESS else want.units * meter.each


def _exceeded(
    want: Want, meters: Sequence[Meter], left: Mapping[tuple[str, int, int], int], now: int
) -> Refusal | None:
    """The limit that leaves no room, and of several the one that does so for longest."""
    full = [meter for meter in meters if _cost(meter, want) > max(left[meter.key], 0)]
    if not full:
        return None
    longest = max(full, key=lambda meter: meter.ends_at)
    again = datetime.fromtimestamp(longest.ends_at / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    words = f"Over the limit of {longest.most / longest.scale:g} {longest.words}; there is room again from {again}."
    return Refusal(longest.kind, words, (longest.ends_at - now) / 1000)


def _used(company_id: int, key: tuple[str, int, int], units: int) -> Used:
    scope, starts_at, ends_at = key
    return Used(company_id=company_id, scope=scope, starts_at=starts_at, ends_at=ends_at, units=units)


def _key(used: Used) -> tuple[int, str, int, int]:
    return (used.company_id, used.scope, used.starts_at, used.ends_at)
