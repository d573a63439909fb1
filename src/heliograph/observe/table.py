"""Every metric that /metrics shows: name, type, labels, help. The tests walk it and the docs render it."""

from __future__ import annotations

import msgspec

COUNTER, GAUGE, HISTOGRAM = "counter", "gauge", "histogram"


class Metric(msgspec.Struct, frozen=True):
    """One family of numbers. A label's values are few and known to the operator: never a user, an id or an address."""

    name: str  # as it is scraped; of a histogram without _bucket, _sum, _count
    kind: str
    labels: tuple[str, ...]
    help: str

    @property
    def family(self) -> str:
        """The name without a counter's ending."""
        return self.name.removesuffix("_total")


METRICS = (
    Metric("heliograph_build_info", GAUGE, ("version", "python"), "Always 1; the labels tell what runs."),
    Metric("heliograph_store_readable", GAUGE, (), "1 while the store answers; at 0 whatever it tells is missing."),
    Metric(
        "heliograph_requests_total",
        COUNTER,
        ("door", "status"),
        "Calls over SOAP, the JSON agents and the REST push, by HTTP status; what SOAP refuses within a 200 is a 200.",
    ),
    Metric(
        "heliograph_request_seconds", HISTOGRAM, ("door",), "From the head of such a call until its answer was made."
    ),
    Metric("heliograph_messages_accepted_total", COUNTER, (), "Messages that this process put on disk."),
    Metric("heliograph_deliveries_accepted_total", COUNTER, (), "Deliveries of those messages."),
    Metric("heliograph_messages_answered_total", COUNTER, (), "Answers to questions that recipients gave."),
    Metric("heliograph_accept_seconds", HISTOGRAM, (), "From the call for it until a message was on disk."),
    Metric("heliograph_attempts_total", COUNTER, ("channel", "outcome"), "Tries of a channel, by what came of them."),
    Metric("heliograph_attempt_seconds", HISTOGRAM, ("channel",), "How long a channel's tries took."),
    Metric(
        "heliograph_deliveries_settled_total",
        COUNTER,
        ("channel", "state"),
        "Deliveries that came to rest when they were tried. What a receipt, the sweeper or an operator does later is not "
        "among them.",
    ),
    Metric(
        "heliograph_receipts_total",
        COUNTER,
        ("channel", "receipt"),
        "What providers said later, repetitions included: arrived, bounced and so on; unknown for a message nobody knows.",
    ),
    Metric(
        "heliograph_delivery_seconds",
        HISTOGRAM,
        ("channel",),
        "From accepting a message until its delivery was taken, by the provider or by the recipient.",
    ),
    Metric(
        "heliograph_second_ways_total",
        COUNTER,
        ("channel", "reason"),
        "Deliveries made in the place of lost ones, by the channel taken and why: where it costs, it costs again.",
    ),
    Metric(
        "heliograph_quota_refusals_total",
        COUNTER,
        ("channel", "limit"),
        "Calls in which messages were refused because a limit was reached, by its kind; the channel is empty where the "
        "limit is the company's.",
    ),
    Metric("heliograph_queue_deliveries", GAUGE, ("channel", "state"), "Deliveries under way: queued, held, leased."),
    Metric(
        "heliograph_queue_overdue_seconds",
        GAUGE,
        ("channel",),
        "How long the queued delivery that is due first has been due; 0 when none is.",
    ),
    Metric(
        "heliograph_bad_ends", GAUGE, ("state",), "Deliveries in the store that failed, expired or were undelivered."
    ),
    Metric(
        "heliograph_unconfigured_deliveries",
        GAUGE,
        (),
        "Deliveries that wait for a channel which is not configured any more.",
    ),
    Metric("heliograph_dispatch_running", GAUGE, (), "1 while deliveries are tried, 0 while they are only kept."),
    Metric(
        "heliograph_channel_paused", GAUGE, ("channel",), "1 while a channel is stopped because its set-up is wrong."
    ),
    Metric("heliograph_channel_pauses_total", COUNTER, ("channel",), "How often a channel was paused."),
    Metric("heliograph_channel_away", GAUGE, ("channel",), "1 while nobody can be reached at the channel's provider."),
    Metric(
        "heliograph_channel_absences_total",
        COUNTER,
        ("channel",),
        "How often a channel's provider was found to be away.",
    ),
    Metric(
        "heliograph_channel_slowed", GAUGE, ("channel",), "1 while the provider has asked the channel to slow down."
    ),
    Metric("heliograph_channel_running", GAUGE, ("channel",), "Tries under way."),
    Metric("heliograph_channel_concurrency", GAUGE, ("channel",), "Tries that may be under way at once."),
    Metric("heliograph_channel_held_hosts", GAUGE, ("channel",), "Hosts left alone for now because they fail."),
    Metric("heliograph_channel_unrecorded", GAUGE, ("channel",), "Outcomes that the store has not taken yet."),
    Metric(
        "heliograph_webhook_endpoints",
        GAUGE,
        ("state",),
        "Endpoints of event notifications that are failing, and that were disabled for it.",
    ),
    Metric("heliograph_scripts", GAUGE, ("state",), "Scripts, by how they stand: serving, disabled, broken, ..."),
    Metric("heliograph_script_events_total", COUNTER, ("event",), "Scripting events that were run."),
    Metric("heliograph_script_events_waiting", GAUGE, (), "AfterAsync events taken up and not finished."),
    Metric("heliograph_script_failures_total", COUNTER, ("script", "event"), "Failures of a script."),
    Metric("heliograph_script_disabled_total", COUNTER, ("script",), "How often a script was disabled."),
    Metric("heliograph_streams_open", GAUGE, (), "Live inbox streams and sockets open now."),
    Metric("process_cpu_seconds_total", COUNTER, (), "CPU time of this process; script workers have their own."),
    Metric("process_resident_memory_bytes", GAUGE, (), "Memory of this process that is in RAM."),
    Metric("process_virtual_memory_bytes", GAUGE, (), "Its address space."),
    Metric("process_start_time_seconds", GAUGE, (), "When it was started, in seconds since the epoch."),
    Metric("process_open_fds", GAUGE, (), "Files and sockets it has open."),
    Metric("process_max_fds", GAUGE, (), "How many it may have open."),
)

BY_NAME = {metric.name: metric for metric in METRICS}


def metrics_page() -> str:
    """docs/reference/metrics.md."""
    head = (
        "# Metrics\n\n"
        "Rendered from `heliograph.observe.table` by `make render`.\n\n"
        "`GET /metrics` tells them in the text format of Prometheus, or in OpenMetrics where the scraper asks for it.\n"
        "Counters and histograms begin at 0 when the process starts; durations are in seconds. Labels are names out of\n"
        "your own settings and folders, states and outcomes. [Watch](../operating/watch.md) says who may read them and\n"
        "what to alert on.\n\n"
    )
    rows = [
        f"| `{metric.name}` | {metric.kind} | {', '.join(f'`{label}`' for label in metric.labels)} | {metric.help} |\n"
        for metric in METRICS
    ]
    return head + "| name | type | labels | what it tells |\n|---|---|---|---|\n" + "".join(rows)
