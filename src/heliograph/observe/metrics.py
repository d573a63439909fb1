"""What is known of the gateway, as the text that Prometheus and OpenMetrics scrapers read."""

from __future__ import annotations

import platform
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping

import msgspec
from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
)
from prometheus_client.metrics_core import (
    Metric as Family,
)
from prometheus_client.registry import Collector

from heliograph.core.errors import Unavailable
from heliograph.core.lifecycle import State
from heliograph.core.ports import Clock, Outbox
from heliograph.core.standing import BAD_ENDS, Backlog, Lane, Scripts, Standing, Waiting
from heliograph.observe.counters import Counters
from heliograph.observe.histogram import Histogram
from heliograph.observe.table import BY_NAME, COUNTER
from heliograph.observe.tally import Tally
from heliograph.observe.trends import Trends

Labels = tuple[str, ...]
Numbers = Mapping[Labels, float]

#: Which count of an event becomes which metric, and which parts of its key are labels.
_COUNTED: dict[str, tuple[str, Callable[[str, str], Labels]]] = {
    "attempt_made": ("heliograph_attempts_total", lambda channel, outcome: (channel, outcome)),
    "delivery_settled": ("heliograph_deliveries_settled_total", lambda channel, state: (channel, state)),
    "receipt_came": ("heliograph_receipts_total", lambda channel, receipt: (channel, receipt)),
    "channel_paused": ("heliograph_channel_pauses_total", lambda channel, _: (channel,)),
    "provider_away": ("heliograph_channel_absences_total", lambda channel, _: (channel,)),
    "message_accepted": ("heliograph_messages_accepted_total", lambda *_: ()),
    "message_answered": ("heliograph_messages_answered_total", lambda *_: ()),
    "second_way_taken": ("heliograph_second_ways_total", lambda channel, reason: (channel, reason)),
    "quota_reached": ("heliograph_quota_refusals_total", lambda channel, limit: (channel, limit)),
    "script_failed": ("heliograph_script_failures_total", lambda script, event: (script, event)),
    "script_disabled": ("heliograph_script_disabled_total", lambda script, _: (script,)),
}


class _Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What had to be waited for; None when the store did not answer."""

    standing: Standing | None
    backlog: Backlog | None
    endpoints: Mapping[str, int] | None
    streams: int


class Metrics:
    """Renders everything in `table`. A scrape costs a few milliseconds, whatever the store holds."""

    def __init__(
        self,
        counters: Counters,
        outbox: Outbox,
        standing: Callable[[], Awaitable[Standing]],
        scripts: Scripts,
        clock: Clock,
        version: str,
        endpoints: Callable[[], Awaitable[Mapping[str, int]]],
    ) -> None:
        self.trends = Trends(counters, clock)
        self.tally = Tally()
        self._counters = counters
        self._outbox = outbox
        self._standing = standing
        self._scripts = scripts
        self._endpoints = endpoints
        self._clock = clock
        self._build = (version, platform.python_version())
        self._process = ProcessCollector(registry=None)

    async def render(self, accept: str, streams: int) -> tuple[bytes, str]:
        """The text and its content type, as the Accept header wants it. `streams` is how many are open."""
        try:
            facts = _Facts(
                standing=await self._standing(),
                backlog=await self._outbox.backlog(company_id=None),
                endpoints=await self._endpoints(),
                streams=streams,
            )
        except Unavailable:
            facts = _Facts(standing=None, backlog=None, endpoints=None, streams=streams)
        families = [*self._families(facts), *self._process.collect()]
        registry = CollectorRegistry(auto_describe=False)
        registry.register(_Once(families))
        encode, content_type = choose_encoder(accept)
        return encode(registry), content_type

    def _families(self, facts: _Facts) -> Iterator[Family]:
        yield _family("heliograph_build_info", {self._build: 1})
        yield _family("heliograph_store_readable", {(): facts.backlog is not None})
        yield from self._counted()
        answers: dict[Labels, float] = {
            (door, str(status)): many for (door, status), many in sorted(self.tally.answers.items())
        }
        yield _family("heliograph_requests_total", answers)
        yield _histogram("heliograph_request_seconds", {(door,): each for door, each in self.tally.took.items()})
        counters = self._counters
        yield _histogram("heliograph_accept_seconds", {(): counters.accepting})
        yield _histogram("heliograph_attempt_seconds", {(name,): each for name, each in counters.trying.items()})
        yield _histogram("heliograph_delivery_seconds", {(name,): each for name, each in counters.delivering.items()})
        if facts.standing is not None and facts.backlog is not None:
            yield from self._queues(facts.standing, facts.backlog)
            yield from _lanes(facts.standing)
        if facts.endpoints is not None:
            yield _family("heliograph_webhook_endpoints", {(word,): many for word, many in facts.endpoints.items()})
        yield from self._of_scripts()
        yield _family("heliograph_streams_open", {(): facts.streams})

    def _counted(self) -> Iterator[Family]:
        totals: dict[str, dict[Labels, float]] = {name: {} for name, _ in _COUNTED.values()}
        for (word, first, second), count in self._counters.snapshot().items():
            if word in _COUNTED:
                name, labels = _COUNTED[word]
                totals[name][labels(first, second)] = count
        for name in ("heliograph_messages_accepted_total", "heliograph_messages_answered_total"):
            totals[name].setdefault((), 0)
        totals["heliograph_deliveries_accepted_total"] = {(): self._counters.deliveries}
        for name, numbers in totals.items():
            yield _family(name, numbers)

    def _queues(self, standing: Standing, backlog: Backlog) -> Iterator[Family]:
        names = [lane.channel for lane in standing.lanes]
        depth: dict[Labels, float] = {
            (name, state.value): 0 for name in names for state in (State.QUEUED, State.HELD, State.LEASED)
        }
        overdue: dict[Labels, float] = {(name,): 0 for name in names}
        for row in backlog.waiting:
            if row.channel in names:  # other names are former settings, counted together below
                depth[row.channel, row.state.value] = row.many
                if row.state is State.QUEUED:
                    overdue[row.channel,] = overdue_seconds(row, self._clock.now())
        yield _family("heliograph_queue_deliveries", depth)
        yield _family("heliograph_queue_overdue_seconds", overdue)
        yield _family("heliograph_bad_ends", {(state.value,): backlog.bad.get(state, 0) for state in sorted(BAD_ENDS)})
        yield _family("heliograph_unconfigured_deliveries", {(): sum(standing.unconfigured.values())})

    def _of_scripts(self) -> Iterator[Family]:
        states = Counter(script.state for script in self._scripts.states())
        yield _family("heliograph_scripts", {(state,): many for state, many in sorted(states.items())})
        yield _family("heliograph_script_events_total", {(event,): n for event, n in self._scripts.ran.items()})
        yield _family("heliograph_script_events_waiting", {(): self._scripts.waiting})


class _Once(Collector):
    """Hands over what was gathered before."""

    def __init__(self, families: Iterable[Family]) -> None:
        self._families = families

    def collect(self) -> Iterable[Family]:
        return self._families


def overdue_seconds(row: Waiting, now: int) -> float:
    """How long the delivery that is due first has been due; 0 when it is not yet."""
    return max(now - row.due_at, 0) / 1000


def _lanes(standing: Standing) -> Iterator[Family]:
    yield _family("heliograph_dispatch_running", {(): standing.running})
    of_lanes: dict[str, Callable[[Lane], float]] = {
        "heliograph_channel_paused": lambda lane: bool(lane.paused),
        "heliograph_channel_away": lambda lane: bool(lane.away),
        "heliograph_channel_slowed": lambda lane: lane.slowed,
        "heliograph_channel_running": lambda lane: lane.running,
        "heliograph_channel_concurrency": lambda lane: lane.concurrency,
        "heliograph_channel_held_hosts": lambda lane: lane.held_endpoints,
        "heliograph_channel_unrecorded": lambda lane: lane.unrecorded,
    }
    for name, told in of_lanes.items():
        yield _family(name, {(lane.channel,): told(lane) for lane in standing.lanes})


def _family(name: str, numbers: Numbers) -> Family:
    metric = BY_NAME[name]
    kind = CounterMetricFamily if metric.kind == COUNTER else GaugeMetricFamily
    family = kind(metric.family, metric.help, labels=metric.labels)
    for labels, number in numbers.items():
        family.add_metric(labels, float(number))
    return family


def _histogram(name: str, histograms: Mapping[Labels, Histogram]) -> Family:
    metric = BY_NAME[name]
    family = HistogramMetricFamily(metric.family, metric.help, labels=metric.labels)
    for labels, each in histograms.items():
        family.add_metric(labels, each.cumulative(), each.total)
    return family
