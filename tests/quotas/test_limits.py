"""What is admitted and what is not: pure counting, over a store in memory and a clock that jumps."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from heliograph.config.load import load
from heliograph.config.quotas import AddressAllowance, Allowance, QuotaSettings, Spending
from heliograph.config.settings import RetentionSettings
from heliograph.core.delivery import Acceptance
from heliograph.core.errors import BadSetting
from heliograph.core.moments import HOUR_MS
from heliograph.core.ports import Traits
from heliograph.dispatch.sweeper import Sweeper
from heliograph.intake.quotas import Admission, Limit, Quotas, Want, too_many
from heliograph.store.memory import MemoryStore
from heliograph.testing.builders import an_acceptance
from heliograph.testing.clock import JumpingClock
from heliograph.testing.observer import Witness
from heliograph.testing.scripted import ScriptedChannel

pytestmark = pytest.mark.anyio

MAIL = Want(channel="mail", address="a@example.com")
SMS = Want(channel="sms", address="+4712345678")


class Office:
    """Quotas over a store; `send` is a call that is kept, `fail` one that is not."""

    def __init__(self, clock: JumpingClock, **settings: Any) -> None:
        self.store = MemoryStore(clock)
        self.witness = Witness()
        phone = ScriptedChannel(traits=Traits(formats=("sms/160",), addressed_by="phone"))
        channels = {"sms": phone, "mail": ScriptedChannel(traits=Traits(addressed_by="email"))}
        self.quotas = Quotas(QuotaSettings(**settings), channels, self.store.usage, clock, self.witness)
        self._next = 1

    async def send(self, *wants: Want, company: int = 1) -> list[str]:
        """The kinds of the limits each was refused by; empty where it was admitted."""
        admission = await self.quotas.admit(company, wants)
        await self.keep(admission)
        return [admission.refused[n].kind.value if n in admission.refused else "" for n in range(len(wants))]

    async def keep(self, admission: Admission) -> None:
        accepted = an_acceptance(first=self._next)
        self._next += 1
        await self.store.outbox.accept(
            Acceptance(messages=accepted.messages, deliveries=accepted.deliveries, usage=admission.usage)
        )
        self.quotas.over(admission)


async def test_without_limits_everything_is_admitted_and_nothing_counted(clock: JumpingClock) -> None:
    office = Office(clock)
    assert not office.quotas.on
    assert await office.send(*[MAIL] * 100) == [""] * 100
    assert await office.store.usage.usage(1, now=clock.now()) == []


async def test_a_company_may_send_so_many_in_an_hour_and_the_rest_in_the_next(clock: JumpingClock) -> None:
    office = Office(clock, company=Allowance(hour=3))
    assert await office.send(MAIL, SMS, MAIL, MAIL) == ["", "", "", "company"]
    assert await office.send(MAIL) == ["company"]
    assert await office.send(MAIL, company=2) == [""], "each company has its own"
    await clock.jump(3600)
    assert await office.send(MAIL) == [""]


@pytest.mark.parametrize(("span", "seconds"), [("hour", 3600), ("day", 86400), ("month", 31 * 86400)])
async def test_a_window_ends_with_its_hour_day_or_month(clock: JumpingClock, span: str, seconds: int) -> None:
    office = Office(clock, company=Allowance(**{span: 1}))
    assert await office.send(MAIL, MAIL) == ["", "company"]
    admission = await office.quotas.admit(1, [MAIL])
    assert 0 < admission.refused[0].retry_after <= seconds
    await clock.jump(admission.refused[0].retry_after - 1)
    assert await office.send(MAIL) == ["company"]
    await clock.jump(1)
    assert await office.send(MAIL) == [""]


async def test_of_several_full_windows_the_one_that_lasts_longest_is_told(clock: JumpingClock) -> None:
    office = Office(clock, company=Allowance(hour=1, month=1))
    await office.send(MAIL)
    refusal = (await office.quotas.admit(1, [MAIL])).refused[0]
    assert "in a month" in refusal.words
    assert refusal.retry_after > 3600


async def test_a_company_of_its_own_has_its_own_limit(clock: JumpingClock) -> None:
    office = Office(clock, company=Allowance(hour=1), companies={"2": Allowance(hour=2)})
    assert await office.send(MAIL, MAIL) == ["", "company"]
    assert await office.send(MAIL, MAIL, MAIL, company=2) == ["", "", "company"]


async def test_a_channel_counts_what_goes_by_it_and_an_sms_by_its_parts(clock: JumpingClock) -> None:
    office = Office(clock, channels={"sms": Allowance(day=5)})
    long = replace(SMS, units=3)
    assert await office.send(long, MAIL, long, SMS, SMS, SMS) == ["", "", "channel", "", "", "channel"]


async def test_what_a_call_is_refused_for_one_limit_it_does_not_take_from_another(clock: JumpingClock) -> None:
    office = Office(clock, company=Allowance(hour=2), channels={"sms": Allowance(hour=1)})
    assert await office.send(SMS, SMS, MAIL) == ["", "channel", ""]


async def test_the_longest_prefix_counts(clock: JumpingClock) -> None:
    office = Office(clock, prefixes={"+47": Allowance(hour=2), "+4790": Allowance(hour=1)})
    mobile = replace(SMS, address="+4790000000")
    assert await office.send(mobile, mobile, SMS, SMS, SMS) == ["", "prefix", "", "", "prefix"]
    assert await office.send(replace(SMS, address="+46701234567")) == [""], "no limit is set for Sweden"


async def test_numbers_of_other_countries_are_not_sent_to_and_mail_is(clock: JumpingClock) -> None:
    office = Office(clock, countries=["+47", "+46"])
    assert await office.send(SMS, replace(SMS, address="+881612345678"), MAIL) == ["", "country", ""]


async def test_a_company_spends_no_more_than_it_may_by_the_prices_of_where_its_texts_go(clock: JumpingClock) -> None:
    prices = {"+47": 0.5, "+4788": 10.0, "+46": 0.0}
    office = Office(clock, prices=prices, spending=Spending(day=12.0))
    dear = replace(SMS, address="+4788123456")
    free, unknown = replace(SMS, address="+46701234567"), replace(SMS, address="+881612345678")
    assert await office.send(dear, dear, replace(SMS, units=4), SMS, free, MAIL) == [
        "",
        "spending",
        "",
        "spending",
        "",
        "",
    ]
    assert await office.send(unknown) == ["country"], "what has no price cannot be counted, and is not sent"
    [(meter, used)] = await office.quotas.report(1)
    assert (used / meter.scale, meter.most / meter.scale) == (12.0, 12.0)
    refusal = (await office.quotas.admit(1, [SMS])).refused[0]
    assert refusal.words.startswith("Over the limit of 12 spent on SMS in a day;")
    await clock.jump(86_400)
    assert await office.send(dear) == [""]


def test_a_limit_on_spending_needs_prices() -> None:
    with pytest.raises(ValueError, match="needs `prices`"):
        QuotaSettings(spending=Spending(day=1.0))
    with pytest.raises(ValueError, match="from 0"):
        QuotaSettings(prices={"+47": -1.0})


async def test_one_address_is_sent_so_many_in_a_window_on_each_channel(clock: JumpingClock) -> None:
    office = Office(clock, address=AddressAllowance(most=2, window=600))
    other = replace(MAIL, address="b@example.com")
    assert await office.send(MAIL, MAIL, MAIL, other, SMS) == ["", "", "address", "", ""]
    shouted = replace(MAIL, address="A@example.com")
    assert await office.send(shouted) == ["address"], "capitals make no other mailbox, anywhere that matters"
    await clock.jump(600)
    assert await office.send(MAIL) == [""]
    kept = await office.store.usage.usage(1, now=clock.now())
    assert all("example" not in used.scope for used in kept), "an address is not kept in the clear to be counted"


async def test_calls_under_way_at_once_cannot_share_what_is_left(clock: JumpingClock) -> None:
    office = Office(clock, company=Allowance(hour=1))
    first = await office.quotas.admit(1, [MAIL])
    second = await office.quotas.admit(1, [MAIL])
    assert (first.refused, list(second.refused)) == ({}, [0])
    office.quotas.over(first)  # it failed, and was not kept
    third = await office.quotas.admit(1, [MAIL])
    assert third.refused == {}
    await office.keep(third)
    assert await office.send(MAIL) == ["company"]


async def test_a_call_fails_as_a_whole_only_where_nothing_of_it_fits_a_quota(clock: JumpingClock) -> None:
    office = Office(clock, company=Allowance(hour=1), address=AddressAllowance(most=1))
    assert too_many(await office.quotas.admit(1, [MAIL, SMS]), 2) is None
    await office.send(MAIL)
    error = too_many(await office.quotas.admit(1, [SMS, SMS]), 2)
    assert error is not None
    assert 0 < error.retry_after <= 3600
    assert too_many(Admission(1), 0) is None
    capped = Office(clock, address=AddressAllowance(most=1))
    await capped.send(MAIL)
    assert too_many(await capped.quotas.admit(1, [MAIL]), 1) is None, "an address has its own Status 0"


async def test_refusals_are_told_once_for_a_call_and_kind(clock: JumpingClock) -> None:
    office = Office(clock, company=Allowance(hour=1), countries=["+47"])
    await office.send(MAIL, MAIL, MAIL, replace(SMS, address="+46701234567"))
    told = [(event.company_id, event.channel, event.limit, event.refused) for event in office.witness.events]
    assert sorted(told) == [(1, "", Limit.COMPANY.value, 2), (1, "sms", Limit.COUNTRY.value, 1)]


async def test_a_report_tells_every_limit_with_what_is_used_of_it(clock: JumpingClock) -> None:
    office = Office(
        clock,
        company=Allowance(hour=9, day=99),
        channels={"sms": Allowance(month=50)},
        prefixes={"+47": Allowance(day=7)},
        address=AddressAllowance(most=3),
    )
    await office.send(replace(SMS, units=2), MAIL)
    told = [(meter.scope, meter.most, used) for meter, used in await office.quotas.report(1)]
    assert told == [("company", 9, 2), ("company", 99, 2), ("channel:sms", 50, 2), ("prefix:+47", 7, 2)]
    assert all(meter.ends_at - meter.starts_at >= HOUR_MS for meter, _ in await office.quotas.report(1))


async def test_windows_that_are_long_over_are_swept_away(clock: JumpingClock) -> None:
    office = Office(clock, company=Allowance(hour=9))
    store = office.store
    sweeper = Sweeper(
        store.outbox, store.inbox, store.replays, store.directory, clock, RetentionSettings(), store.usage
    )
    await office.send(MAIL)
    await clock.jump(86_400)
    await sweeper.age_out()
    assert len(await store.usage.usage(1, now=0)) == 1, "an operator may still look at yesterday"
    await clock.jump(2 * 3600)
    await sweeper.age_out()
    assert await store.usage.usage(1, now=0) == []


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("channels.sns = { day = 1 }", ["quotas.channels.sns", "no channel 'sns'", "Configured: inbox, sms"]),
        ("companies.03 = { day = 1 }", ["quotas.companies", "a company's id"]),
    ],
)
def test_a_limit_that_nothing_would_be_counted_against_is_refused_at_the_start(
    tmp_path: Path, line: str, words: list[str]
) -> None:
    file = tmp_path / "heliograph.toml"
    file.write_text(f'[channels.sms]\nkind = "stub"\n[quotas]\n{line}\n', "utf-8")
    with pytest.raises(BadSetting) as told:
        load(file, {}, {})
    assert all(word in told.value.detail for word in words), told.value.detail
