"""Durable accepts per second over HTTP, beside this machine's ceilings in the same run.

    python bench/accept.py [--seconds 5] [--connections 1,64,512] [--rounds 1]

The server is the product (`heliograph demo`) pinned to one core, the load generator is `wrk` on another.
Every figure is checked against the database: what was answered with success must be stored.
"""

from __future__ import annotations

import argparse
import base64
import contextlib
import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

SERVER_CORE, LOAD_CORE = 0, 1
SOAP11 = "http://schemas.xmlsoap.org/soap/envelope/"


@dataclass(frozen=True)
class Case:
    """One kind of request."""

    name: str
    path: str
    content_type: str
    body: str
    success: str  # a text that only an answer of success holds


@dataclass(frozen=True)
class Figure:
    """What one run of the load generator gave."""

    rate: float
    p50: float  # ms
    p99: float  # ms
    requests: int
    errors: int


def cases(demo: dict) -> list[Case]:
    """The three sending requests, for the demo's first user."""
    user = demo["users"][0]

    def envelope(version: int, inner: str) -> str:
        return (
            f'<s:Envelope xmlns:s="{SOAP11}" xmlns:p="http://www.superoffice.net/ws/crm/NetServer/Services{version}">'
            f"<s:Header><p:Credentials><p:Ticket>{demo['ticket']}</p:Ticket></p:Credentials></s:Header>"
            f"<s:Body>{inner}</s:Body></s:Envelope>"
        )

    text = "The pump at site 14 reports low pressure; please look at it before noon. " * 4
    push = (
        '<p:SendPushNotification><p:AssociateIds xmlns:a="http://schemas.microsoft.com/2003/10/Serialization/Arrays">'
        f"<a:int>{user['associate_id']}</a:int></p:AssociateIds><p:Message><p:Title>Pump 14</p:Title>"
        f"<p:Message>{text}</p:Message><p:Url>https://example.com/pump/14</p:Url><p:Silent>false</p:Silent>"
        "<p:Type>ImportantMessage</p:Type><p:TimeToLive>60</p:TimeToLive><p:RecordId>14</p:RecordId>"
        "<p:Date>2026-11-21T09:00:00Z</p:Date><p:Duration>PT1H</p:Duration><p:ExtraValues><p:StringKeyValuePair>"
        "<p:Key>badge</p:Key><p:Value>1</p:Value></p:StringKeyValuePair></p:ExtraValues></p:Message>"
        "</p:SendPushNotification>"
    )
    send = (
        "<p:SendMessages><p:Plugin>inbox</p:Plugin><p:OutgoingMessages><p:OutgoingMessage><p:From>ERP</p:From>"
        f"<p:To>{user['user_name']}</p:To><p:Content>{text}</p:Content><p:Format></p:Format>"
        "<p:ParentMessagingId>0</p:ParentMessagingId><p:SuggestedSessionKey></p:SuggestedSessionKey>"
        "</p:OutgoingMessage></p:OutgoingMessages></p:SendMessages>"
    )
    rest = {
        "UserId": user["user_id"],
        "Title": "Pump 14",
        "Body": text,
        "Sound": True,
        "ExpirySecs": 3600,
        "CompanyId": demo["company_id"],
        "IntegrationKey": demo["integration_key"],
    }
    xml, done = "text/xml; charset=utf-8", ">true</h:Succeeded>"
    return [
        Case("SOAP push", "/Remote/Services86/Pocket.svc", xml, envelope(86, push), done),
        Case("SOAP SendMessages", "/Remote/Services86/Messaging.svc", xml, envelope(86, send), ">1</Status>"),
        Case("REST push", "/api/v2/push?format=json", "application/json", json.dumps(rest), "{}"),
    ]


@contextlib.contextmanager
def gateway(folder: Path, *, dispatch: bool, wait: float = 0) -> Iterator[dict]:
    """The product itself on one core; gives what it prints when it is ready."""
    environment = os.environ | {
        "HELIOGRAPH_DISPATCH__ENABLED": str(dispatch).lower(),
        "HELIOGRAPH_MESSAGING__WAIT": str(wait),
        "HELIOGRAPH_LOG__LEVEL": "warning",
    }
    command = [sys.executable, "-m", "heliograph", "demo", "--json", "--port", "0", "--data", str(folder)]
    process = subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, preexec_fn=lambda: os.sched_setaffinity(0, {SERVER_CORE})
    )
    try:
        line = process.stdout.readline() if process.stdout else b""
        yield json.loads(line) | {"pid": process.pid}
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def load(url: str, case: Case, connections: int, seconds: float) -> Figure:
    """Run wrk with this request; raises RuntimeError when its report cannot be read."""
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(
            f'wrk.method = "POST"\nwrk.body = [==[{case.body}]==]\n'
            f'wrk.headers["Content-Type"] = "{case.content_type}"\n'
        )
        script.flush()
        command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds:g}s", "--latency", "--timeout", "10s"]
        report = subprocess.run(
            [*command, "-s", script.name, url + case.path],
            capture_output=True,
            text=True,
            check=True,
            preexec_fn=lambda: os.sched_setaffinity(0, {LOAD_CORE}),
        ).stdout
    return read_report(report)


def read_report(report: str) -> Figure:
    """The figures of a wrk report."""

    def number(pattern: str) -> str:
        found = re.search(pattern, report)
        if found is None:
            raise RuntimeError(f"wrk's report has no {pattern!r}:\n{report}")
        return found.group(1)

    def milliseconds(text: str) -> float:
        value, unit = re.fullmatch(r"([\d.]+)(us|ms|s|m)", text).groups()  # type: ignore[union-attr]
        return float(value) * {"us": 0.001, "ms": 1, "s": 1000, "m": 60_000}[unit]

    bad = re.search(r"Non-2xx or 3xx responses: (\d+)", report)
    sockets = re.search(r"connect (\d+), read (\d+), write (\d+), timeout (\d+)", report)
    errors = int(bad.group(1)) if bad else 0
    errors += sum(map(int, sockets.groups())) if sockets else 0
    return Figure(
        float(number(r"Requests/sec:\s+([\d.]+)")),
        milliseconds(number(r"\n\s+50%\s+(\S+)")),
        milliseconds(number(r"\n\s+99%\s+(\S+)")),
        int(number(r"(\d+) requests in")),
        errors,
    )


def cpu_seconds(pid: int) -> float:
    """User and system time of the process so far, all threads; steadier than a rate on a machine that others share."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def stored(folder: Path) -> int:
    """How many messages the database holds."""
    [database] = folder.glob("*.db")
    with contextlib.closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        return int(connection.execute("SELECT count(*) FROM message").fetchone()[0])


def prove(url: str, case: Case) -> None:
    """One request, looked at: the load generator counts status codes only."""
    request = urllib.request.Request(
        url + case.path, case.body.encode(), {"Content-Type": case.content_type}, method="POST"
    )
    with urllib.request.urlopen(request) as answer:
        text = answer.read().decode()
    if case.success not in text:
        raise SystemExit(f"{case.name} is not answered with success: {text[:2000]}")


def measure(title: str, folder: Path, options: argparse.Namespace, *, dispatch: bool) -> None:
    """One table of figures."""
    print(f"\n{title}\n{'':20}{'conns':>6}{'req/s':>9}{'p50 ms':>9}{'p99 ms':>9}{'CPU us':>8}{'errors':>8}  stored")
    with gateway(folder, dispatch=dispatch) as demo:
        for case in cases(demo):
            prove(demo["url"], case)
            for connections in options.connections:
                for _ in range(options.rounds):
                    before, used = stored(folder), cpu_seconds(demo["pid"])
                    figure = load(demo["url"], case, connections, options.seconds)
                    cost = (cpu_seconds(demo["pid"]) - used) / max(figure.requests, 1) * 1e6
                    kept = stored(folder) - before
                    verdict = "all" if kept >= figure.requests else f"LOST {figure.requests - kept}"
                    print(
                        f"{case.name:20}{connections:>6}{figure.rate:>9.0f}{figure.p50:>9.2f}{figure.p99:>9.2f}"
                        f"{cost:>8.0f}{figure.errors:>8}  {verdict}",
                        flush=True,
                    )


def ceilings(options: argparse.Namespace) -> None:
    """The store without HTTP, then HTTP without a store: uvicorn with an application that answers a constant."""
    print("\nceiling: the store alone", flush=True)
    subprocess.run([sys.executable, str(Path(__file__).parent / "store.py"), "2"], check=True)
    print("\nceiling: uvicorn answering a constant, same requests, one core")
    folder = Path(__file__).parent
    command = [sys.executable, str(folder / "ceiling.py")]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, preexec_fn=lambda: os.sched_setaffinity(0, {SERVER_CORE})
    )
    try:
        url = process.stdout.readline().decode().strip() if process.stdout else ""
        demo = {
            "ticket": base64.b64encode(os.urandom(90)).decode(),
            "users": [{"associate_id": 1, "user_name": "a", "user_id": "0" * 32}],
            "company_id": 1,
            "integration_key": "k" * 40,
        }
        for case in cases(demo):
            for connections in options.connections:
                figure = load(url, case, connections, min(options.seconds, 3))
                print(f"{case.name:20}{connections:>6}{figure.rate:>9.0f}{figure.p50:>9.2f}{figure.p99:>9.2f}")
    finally:
        process.terminate()
        process.wait(10)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--connections", type=lambda text: [int(n) for n in text.split(",")], default=[1, 64, 512])
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--only", choices=["paused", "draining", "ceiling"])
    options = parser.parse_args()
    if shutil.which("wrk") is None:
        raise SystemExit("The load generator is missing: apt-get install wrk")
    with tempfile.TemporaryDirectory() as folder:
        if options.only in (None, "paused"):
            measure("accepts, dispatch paused", Path(folder) / "paused", options, dispatch=False)
        if options.only in (None, "draining"):
            measure("accepts, dispatch draining to the inbox", Path(folder) / "draining", options, dispatch=True)
    if options.only in (None, "ceiling"):
        ceilings(options)


if __name__ == "__main__":
    main()
