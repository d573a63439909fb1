"""What a scraper gets, whom the address answers, and what counting costs."""

from __future__ import annotations

import asyncio
import re
import shutil
import subprocess
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.openmetrics.parser import text_string_to_metric_families as read_open
from prometheus_client.parser import text_string_to_metric_families as read_plain

from heliograph import __version__
from heliograph.config.settings import MetricsSettings, ServerSettings
from heliograph.core.access import Scope
from heliograph.core.delivery import Record, Report
from heliograph.core.events import AttemptMade, ChannelPaused, DeliverySettled, MessageAccepted, ScriptFailed
from heliograph.core.lifecycle import Happening, State
from heliograph.observe.counters import Counters
from heliograph.observe.histogram import ACCEPTING, Histogram
from heliograph.observe.table import BY_NAME, HISTOGRAM, METRICS
from heliograph.testing.builders import an_acceptance
from heliograph.testing.clock import JumpingClock
from heliograph.testing.running import Town, a_town
from heliograph.testing.waiting import until

pytestmark = pytest.mark.anyio

ROOT = Path(__file__).resolve().parents[2]
PUSH = b'{"AssociateIds": [101], "Message": {"Title": "Fog", "Message": "Sound the horn"}}'
BIRTHDAYS = re.compile("_created$")


@pytest.fixture
async def town(tmp_path: Path) -> AsyncIterator[Town]:
    """On a real port, with a script that fails."""
    scripts = tmp_path / "scripts"
    scripts.mkdir()
    (scripts / "odd.py").write_text("def after_send_push_notification(associate_ids, message, event):\n    1 / 0\n")
    async with a_town(tmp_path) as town:
        yield town


async def scrape(town: Town, **headers: str) -> dict[str, Family]:
    heard = await town.ask("GET", "/metrics", {name.replace("_", "-"): text for name, text in headers.items()})
    assert heard.status == 200, heard.text
    read = read_open if "openmetrics" in heard.headers["content-type"] else read_plain
    return {family.name: family for family in read(heard.text)}


def value(families: dict[str, Family], name: str, **labels: str) -> float:
    """The one number with that name and those labels."""
    [found] = [
        sample.value
        for family in families.values()
        for sample in family.samples
        if sample.name == name and sample.labels == labels
    ]
    return found


async def send(town: Town) -> None:
    """A push, carried to the inbox and counted."""
    headers = {"Authorization": f"SOTicket {town.ticket}", "Content-Type": "application/json"}
    assert (await town.ask("POST", "/api/v1/Agents/Pocket/SendPushNotification", headers, PUSH)).status == 204
    await until(lambda: any(word == "delivery_settled" for word, _, _ in town.app.counters.snapshot()))


async def test_a_scrape_tells_what_happened(town: Town) -> None:
    await send(town)
    families = await scrape(town)
    assert value(families, "heliograph_requests_total", door="agents", status="204") == 1
    assert value(families, "heliograph_request_seconds_count", door="agents") == 1
    assert value(families, "heliograph_request_seconds_count", door="soap") == 0
    assert value(families, "heliograph_messages_accepted_total") == 1
    assert value(families, "heliograph_deliveries_accepted_total") == 1
    assert value(families, "heliograph_accept_seconds_count") == 1
    assert 0 < value(families, "heliograph_accept_seconds_sum") < 5
    assert value(families, "heliograph_attempts_total", channel="inbox", outcome="accepted") == 1
    assert value(families, "heliograph_attempt_seconds_count", channel="inbox") == 1
    assert value(families, "heliograph_delivery_seconds_count", channel="inbox") == 1
    assert value(families, "heliograph_queue_deliveries", channel="inbox", state="queued") == 0
    assert value(families, "heliograph_script_failures_total", script="odd.py", event="after") == 1
    assert value(families, "heliograph_script_events_total", event="after") == 1
    assert value(families, "heliograph_scripts", state="serving") == 1
    assert value(families, "heliograph_dispatch_running") == 1
    assert value(families, "heliograph_channel_paused", channel="inbox") == 0
    [build] = families["heliograph_build_info"].samples
    assert build.labels["version"] == __version__
    assert value(families, "process_resident_memory_bytes") > 10_000_000


@pytest.mark.parametrize("accept", ["", "application/openmetrics-text; version=1.0.0", "text/html, */*"])
async def test_the_table_and_a_scrape_name_the_same_numbers_with_the_same_labels(town: Town, accept: str) -> None:
    await send(town)
    for event in (ChannelPaused("inbox", "the key is wrong", 5.0), DeliverySettled(1, "inbox", State.FAILED)):
        town.app.counters.saw(event)
    heard = await town.ask("GET", "/metrics", {"Accept": accept})
    assert ("openmetrics" in heard.headers["content-type"]) == ("openmetrics" in accept)
    families = await scrape(town, Accept=accept)
    told = {name for name in families if not BIRTHDAYS.search(name)}
    assert told == {metric.family for metric in METRICS}
    for metric in METRICS:
        family = families[metric.family]
        assert family.type == metric.kind
        assert family.documentation == metric.help or metric.name.startswith("process_"), "those are the library's"
        for sample in family.samples:
            assert set(sample.labels) - {"le"} == set(metric.labels), sample


async def test_labels_are_names_out_of_settings_and_never_a_person_or_an_id(town: Town) -> None:
    await send(town)
    heard = await town.ask("GET", "/metrics")
    for told in ("keeper", "example.com", town.ticket, "Fog", "associate", "message_id"):
        assert told not in heard.text
    allowed = {
        "channel",
        "outcome",
        "state",
        "script",
        "event",
        "version",
        "python",
        "reason",
        "limit",
        "door",
        "receipt",
        "status",
    }
    assert {label for metric in METRICS for label in metric.labels} <= allowed


async def test_refused_calls_are_counted_by_door_and_status(town: Town) -> None:
    await town.ask("POST", "/api/v2/push?format=json", {"Content-Type": "application/json"}, b"{}")
    await town.ask("GET", "/api/v2/push")
    await town.ask("POST", "/Remote/Services88/Pocket.svc", {"Content-Type": "text/xml"}, b"<no/>")
    await town.ask("GET", "/Remote/Services88/Pocket.svc?wsdl")
    await town.ask("POST", "/api/v1/Agents/Pocket/Nothing", {"Content-Type": "application/json"}, b"{}")
    answers = town.app.metrics.tally.answers
    assert {door for door, _ in answers} == {"push", "soap", "agents"}
    assert sum(answers.values()) == 5
    assert all(status >= 400 for door, status in answers if door != "soap")
    families = await scrape(town)
    assert sum(sample.value for sample in families["heliograph_requests"].samples) == 5


async def test_receipts_are_counted_and_those_that_nobody_knows_apart(town: Town) -> None:
    now = town.app.clock.now()
    await town.app.store.outbox.accept(an_acceptance(1, first=500, state=State.LEASED, channel="inbox"))
    took = Record(delivery_id=500, happening=Happening.ACCEPTED, at=now, provider_id="p-1")
    await town.app.store.outbox.record([took])
    for ids in (("p-1",), ("nobody",)):
        await town.app.reports.report("inbox", Report(ids=ids, happening=Happening.BOUNCED))
    families = await scrape(town)
    assert value(families, "heliograph_receipts_total", channel="inbox", receipt="bounced") == 1
    assert value(families, "heliograph_receipts_total", channel="inbox", receipt="unknown") == 1


async def test_former_channels_are_one_number_and_no_labels(town: Town) -> None:
    await town.app.store.outbox.accept(an_acceptance(3, first=500, channel="former"))
    families = await scrape(town)
    assert value(families, "heliograph_unconfigured_deliveries") == 3
    assert "former" not in str(families)


async def test_how_long_a_delivery_is_overdue_and_how_many_ended_badly_is_told(tmp_path: Path) -> None:
    async with a_town(tmp_path, dispatch={"enabled": False}) as town:
        now = town.app.clock.now()
        waiting = an_acceptance(2, first=500, channel="inbox", due_at=now - 90_000, expires_at=now + 10**9)
        await town.app.store.outbox.accept(waiting)
        await town.app.store.outbox.accept(an_acceptance(1, first=600, state=State.FAILED))
        families = await scrape(town)
        assert 90 <= value(families, "heliograph_queue_overdue_seconds", channel="inbox") < 120
        assert value(families, "heliograph_queue_deliveries", channel="inbox", state="queued") == 2
        assert value(families, "heliograph_bad_ends", state="failed") == 1
        assert value(families, "heliograph_bad_ends", state="expired") == 0
        assert value(families, "heliograph_dispatch_running") == 0


async def test_a_store_that_does_not_answer_is_a_number_too(town: Town) -> None:
    text, _ = await town.app.metrics.render("", 0)
    assert b"heliograph_store_readable 1.0" in text
    await town.app.store.close()
    text, _ = await town.app.metrics.render("", 0)
    assert b"heliograph_store_readable 0.0" in text
    assert b"heliograph_queue_deliveries" not in text


# ------------------------------------------------------------------------- who may read


async def status(town: Town, headers: dict[str, str] | None = None) -> int:
    return (await town.ask("GET", "/metrics", headers)).status


async def token(town: Town, *scopes: Scope) -> dict[str, str]:
    return {"Authorization": f"Bearer {(await town.app.credentials.add_token(1, 'scraper', scopes)).text}"}


@pytest.mark.parametrize(
    "changes",
    [
        {"metrics": MetricsSettings(access="token")},
        {"server": ServerSettings(port=0, public_url="https://gateway.example.com")},
        {"server": ServerSettings(port=0, trusted_proxies=["10.0.0.1"])},
        {"server": ServerSettings(port=0, host="0.0.0.0")},
    ],
    ids=["so set", "a public address", "a proxy", "reachable from elsewhere"],
)
async def test_a_token_with_the_scope_is_asked_for(tmp_path: Path, changes: dict[str, Any]) -> None:
    async with a_town(tmp_path, **changes) as town:
        assert await status(town) == 401
        assert await status(town, {"Authorization": f"SOTicket {town.ticket}"}) == 401
        assert await status(town, {"Authorization": f"Bearer {town.ticket}"}) == 401
        assert await status(town, await token(town, Scope.MESSAGES, Scope.ADMIN)) == 403
        assert await status(town, await token(town, Scope.METRICS)) == 200


async def test_a_request_that_came_through_a_proxy_or_by_another_name_is_no_neighbour(town: Town) -> None:
    assert await status(town) == 200
    for header in ("X-Forwarded-For", "Forwarded", "Via"):
        assert await status(town, {header: "198.51.100.7"}) == 401
    assert await status(town, {"Host": "rebound.example.com"}) == 401


async def test_metrics_can_be_off(tmp_path: Path) -> None:
    async with a_town(tmp_path, metrics=MetricsSettings(access="off")) as town:
        assert await status(town) == 404


async def test_metrics_can_be_open(tmp_path: Path) -> None:
    server = ServerSettings(port=0, public_url="https://gateway.example.com")
    async with a_town(tmp_path, server=server, metrics=MetricsSettings(access="open")) as town:
        assert await status(town, {"X-Forwarded-For": "198.51.100.7"}) == 200


# ------------------------------------------------------------------------- parts


def test_a_histogram_counts_what_is_at_or_below_each_bound() -> None:
    histogram = Histogram((1.0, 2.0))
    for seconds in (0.5, 1.0, 1.5, 9.0):
        histogram.add(seconds)
    assert histogram.cumulative() == [("1.0", 2), ("2.0", 3), ("+Inf", 4)]
    assert histogram.total == 12.0
    assert sorted(ACCEPTING) == list(ACCEPTING)


def test_the_latest_trouble_of_a_channel_is_remembered() -> None:
    clock = JumpingClock()
    counters = Counters(clock)
    counters.saw(AttemptMade(1, "mail", 1, "deferred", 12, "451 busy"))
    counters.saw(AttemptMade(2, "mail", 1, "accepted", 12))
    assert counters.troubles["mail"].detail == "451 busy"
    assert counters.troubles["mail"].at == clock.now()
    assert list(counters.troubles) == ["mail"]


def test_counting_a_delivery_from_accept_to_rest_costs_microseconds() -> None:
    counters = Counters(JumpingClock())
    of_one = (
        MessageAccepted(1, 1, 1, 0.002),
        AttemptMade(1, "mail", 1, "accepted", 12),
        DeliverySettled(1, "mail", State.SENT, 0.5),
    )
    rounds, best = 3000, float("inf")
    for _ in range(5):
        began = time.perf_counter()
        for _ in range(rounds):
            for event in of_one:
                counters.saw(event)
        best = min(best, (time.perf_counter() - began) / rounds)
    assert best < 25e-6, f"{best * 1e6:.1f} us; it is about 3 on a calm machine"


def test_a_script_failure_is_counted_by_script_and_event() -> None:
    counters = Counters()
    counters.saw(ScriptFailed("quiet.py", "before"))
    assert counters.snapshot() == {("script_failed", "quiet.py", "before"): 1}


# ------------------------------------------------------------------------- the alerts


def test_the_example_alerts_ask_for_numbers_that_there_are() -> None:
    text = (ROOT / "examples/prometheus/heliograph-alerts.yml").read_text(encoding="utf-8")
    asked = set(re.findall(r"\b(?:heliograph|process)_[a-z_]+", text))
    known = {metric.name for metric in METRICS} | {
        f"{metric.name}_{part}" for metric in METRICS if metric.kind == HISTOGRAM for part in ("bucket", "sum", "count")
    }
    assert asked
    assert asked <= known
    labels = set(re.findall(r"\{([a-z_]+)[=!]", text)) | set(re.findall(r"\$labels\.([a-z_]+)", text))
    assert labels <= {label for metric in BY_NAME.values() for label in metric.labels} | {"instance", "job"}


# ------------------------------------------------------------------------- by Prometheus' own measure

PROMTOOL = shutil.which("promtool")


@pytest.mark.skipif(PROMTOOL is None, reason="promtool (Debian: prometheus) is not installed")
async def test_promtool_finds_nothing_wrong_with_a_scrape_and_the_alerts(town: Town) -> None:
    await send(town)
    scraped = (await town.ask("GET", "/metrics")).body
    rules = str(ROOT / "examples/prometheus/heliograph-alerts.yml")
    for words, given in ((("check", "metrics"), scraped), (("check", "rules", rules), b"")):
        done = await asyncio.to_thread(
            subprocess.run, [str(PROMTOOL), *words], input=given, capture_output=True, check=False
        )
        assert (done.returncode, done.stderr) == (0, b""), done.stdout + done.stderr
