"""Apprise in its worker processes: what services get, what their answers mean, and what a lost process costs."""

from __future__ import annotations

import asyncio
import importlib.util
import logging
import os
import re
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import parse_qs

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from heliograph.channels.apprise.answers import ANSWERS, Meaning, meaning, outcome
from heliograph.channels.apprise.channel import AppriseChannel
from heliograph.channels.apprise.crew import FIRST_PAUSE, LONGEST_PAUSE, Place
from heliograph.channels.apprise.evidence import EXCEPTIONS, Listener, Traffic
from heliograph.channels.apprise.payload import FORMATS, notification
from heliograph.channels.apprise.process import INHERITED
from heliograph.channels.apprise.wire import Cause, Told
from heliograph.channels.registry import build_channel
from heliograph.core.delivery import Address, Letter
from heliograph.core.errors import BadSetting, InvalidArgument
from heliograph.core.message import Content, PushType
from heliograph.core.outcome import Accepted, Deferred, Refused
from heliograph.system.clock import SystemClock
from heliograph.testing.builders import a_letter, a_message, a_push, a_text
from heliograph.testing.certificates import Authority
from heliograph.testing.running import a_town
from heliograph.testing.servers.smtp import HANG_UP, SmtpServer
from heliograph.testing.servers.webhook import Answer, Fault, WebhookServer
from heliograph.testing.tools import Notebook, some_tools
from heliograph.testing.waiting import until

pytestmark = pytest.mark.anyio
SECRET = "open-sesame-4711"
OK = Answer(status=200, body=b"{}")


def to(target: str, content: Content | None = None, **changes: object) -> Letter:
    return a_letter(address=Address(value=target), message=a_message(content=content or a_text(), **changes))


@asynccontextmanager
async def apprise(targets: dict[str, str], **options: object) -> AsyncIterator[AppriseChannel]:
    tools = some_tools(clock=SystemClock(), **({"log": options.pop("log")} if "log" in options else {}))
    values = {"kind": "apprise", "targets": targets, "workers": 1, **options}
    channel = build_channel("team", values, tools)
    assert isinstance(channel, AppriseChannel)
    try:
        yield channel
    finally:
        await channel.close()
        await tools.transport.close()


# ------------------------------------------------------------------ what services get


async def test_each_kind_of_service_gets_title_and_text() -> None:
    async with WebhookServer(default=OK) as web, SmtpServer() as post:
        place = f"127.0.0.1:{web.port}"
        targets = {
            "ntfy": f"ntfy://{place}/harbour",
            "gotify": f"gotify://{place}/{SECRET}",
            "json": f"json://{place}/in",
            "xml": f"xml://{place}/in",
            "form": f"form://{place}/in",
            "mail": f"mailto://127.0.0.1:{post.port}/?from=lamp@light.example&to=keeper@coast.example&mode=insecure",
        }
        async with apprise(targets) as channel:
            for name in targets:
                sent = await channel.send(to(name))
                assert isinstance(sent, Accepted), (name, sent)
    ntfy, gotify, json, xml, form = web.requests
    assert (ntfy.json["topic"], ntfy.json["title"], ntfy.json["message"]) == (
        "harbour",
        "Lighthouse",
        "The lamp is lit.",
    )
    assert gotify.path == "/message"
    assert gotify.headers["x-gotify-key"] == SECRET
    assert gotify.json["message"] == "The lamp is lit."
    assert (json.json["title"], json.json["message"]) == ("Lighthouse", "The lamp is lit.")
    assert b"<Message>The lamp is lit.</Message>" in xml.body
    assert parse_qs(form.body.decode())["message"] == ["The lamp is lit."]
    [mail] = post.mails
    assert mail.recipients == ("keeper@coast.example",)
    assert mail.message["Subject"] == "Lighthouse"
    assert "The lamp is lit." in str(mail.message)


async def test_a_format_is_kept_where_the_service_has_it_and_converted_where_not() -> None:
    async with WebhookServer(default=OK) as web:
        place = f"127.0.0.1:{web.port}"
        async with apprise({"marked": f"ntfy://{place}/t?format=markdown", "plain": f"ntfy://{place}/t"}) as channel:
            assert channel.traits.formats == ("text/plain", "text/markdown", "text/html")
            await channel.send(to("marked", a_text(body="**lit**", format="text/markdown")))
            await channel.send(to("plain", a_text(body="<p>The <b>lamp</b> is lit</p>", format="text/html")))
            await channel.send(to("plain", a_text(body="**1 < 2**", format="text/plain")))
    marked, converted, plain = web.requests
    assert marked.headers["x-markdown"] == "yes"
    assert marked.json["message"] == "**lit**"
    assert converted.json["message"].strip() == "The lamp is lit"
    assert plain.json["message"] == "**1 < 2**"


async def test_a_push_brings_its_title_its_link_and_how_much_it_matters() -> None:
    letter = to("x", a_push(url="https://coast.example/7", type=PushType.QUESTION), urgent=True)
    made = notification(letter, "https://gateway.example/answer/abc")
    assert made is not None
    assert (made.target, made.title, made.format, made.urgent) == ("x", "Lamp room", "text", True)
    assert made.body == "The lamp is lit.\nhttps://coast.example/7\nhttps://gateway.example/answer/abc"
    assert notification(to("x", a_push(title=" ", body="", url=""))) is None
    assert notification(to("x", a_text(sender="", body=""))) is None


@pytest.mark.parametrize(("format", "theirs"), sorted(FORMATS.items()))
async def test_every_format_has_the_library_s_word(format: str, theirs: str) -> None:
    made = notification(to("x", a_text(format=format)))
    assert made is not None
    assert made.format == theirs


async def test_a_long_text_is_split_or_truncated_as_the_setting_says() -> None:
    words = " ".join(f"{number:05}" for number in range(1500))  # Gotify takes any length; Discord 2,000 characters
    async with WebhookServer(default=OK) as web:
        long = f"ntfy://127.0.0.1:{web.port}/t"  # ntfy takes 7,800 characters
        async with apprise({"t": long}) as channel:
            assert isinstance(await channel.send(to("t", a_text(body=words))), Accepted)
        split = [request.json["message"] for request in web.requests]
        web.requests.clear()
        async with apprise({"t": long}, overflow="truncate") as channel:
            assert isinstance(await channel.send(to("t", a_text(body=words))), Accepted)
        truncated = [request.json["message"] for request in web.requests]
    assert len(split) == 2
    assert " ".join("".join(split).split()).replace(" ", "") == words.replace(" ", "")
    assert len(truncated) == 1
    assert words.startswith(truncated[0][:7000])


# ------------------------------------------------------------------ what answers mean


async def test_a_service_s_status_is_what_the_table_says_and_none_of_its_words() -> None:
    async with (
        WebhookServer(default=OK) as web,
        apprise({"json": f"json://127.0.0.1:{web.port}/{SECRET}"}) as channel,
    ):
        for status in (302, 400, 401, 403, 404, 405, 408, 410, 413, 421, 422, 425, 429, 500, 502, 503, 504, 507):
            web.script(Answer(status=status, body=f"no: {SECRET}".encode(), headers={"Location": "/elsewhere"}))
            sent = await channel.send(to("json"))
            assert sent == outcome(Told(1, False, Cause.STATUS, status, True, True), "JSON"), status
            assert SECRET not in repr(sent)
        assert len(web.requests) == 18  # and no redirect was followed


@pytest.mark.parametrize(("cause", "first", "last", "means"), ANSWERS)
async def test_each_row_of_the_table_is_what_dispatch_hears(
    cause: Cause, first: int, last: int, means: Meaning
) -> None:
    code = (
        last if any(row[3] is not means and row[0] is cause and row[1] <= first <= row[2] for row in ANSWERS) else first
    )
    assert meaning(cause, code) is means
    for left in (False, True):
        heard = outcome(Told(1, False, cause, code, True, left), "Slack")
        if means is Meaning.NEVER:
            assert isinstance(heard, Refused)
        else:
            assert isinstance(heard, Deferred)
            assert heard.in_doubt == (means is Meaning.DOUBT and left)
            assert ("look at the target's URL" in heard.detail) == (means is Meaning.MEND)


async def test_what_a_service_took_in_part_is_in_doubt() -> None:
    heard = outcome(Told(1, False, Cause.STATUS, 500, True, True, pieces=2), "Slack")
    assert heard == Deferred("the service answered 500, after 2 of the parts had been taken", in_doubt=True)


async def test_what_apprise_will_not_even_try_is_refused() -> None:
    assert isinstance(outcome(Told(1, False), "ntfy"), Refused)
    async with apprise({"nobody": "ntfy://127.0.0.1"}) as channel:  # names no topic
        assert isinstance(await channel.send(to("nobody")), Refused)


@pytest.mark.parametrize(
    ("fault", "in_doubt"),
    [(Fault.RESET, True), (Fault.HANG_UP, True), (Fault.STALL, True), (Fault.GARBAGE, True)],
)
async def test_an_answer_that_is_lost_leaves_the_delivery_in_doubt(fault: Fault, in_doubt: bool) -> None:
    async with WebhookServer(default=OK) as web, apprise({"j": f"json://127.0.0.1:{web.port}/?rto=0.3"}) as channel:
        web.script(Answer(fault=fault))
        sent = await channel.send(to("j"))
        assert isinstance(sent, Deferred)
        assert sent.in_doubt == in_doubt, sent


async def test_a_service_that_nobody_answers_for_is_not_in_doubt() -> None:
    async with apprise({"closed": "json://127.0.0.1:9/", "nowhere": "json://nowhere.invalid/"}) as channel:
        for target in ("closed", "nowhere"):
            assert await channel.send(to(target)) == Deferred("no connection to the service")


async def test_a_server_s_certificate_must_hold_by_the_authorities_that_are_trusted(tmp_path: Path) -> None:
    authority = Authority()
    file = await asyncio.to_thread(write, tmp_path / "authority.pem", authority.pem)
    async with WebhookServer(default=OK, tls=authority.server("127.0.0.1")) as web:
        target = {"j": f"jsons://127.0.0.1:{web.port}/"}
        async with apprise(target) as stranger:
            refused = await stranger.send(to("j"))
        async with apprise(target, ca_file=str(file)) as friend:
            assert isinstance(await friend.send(to("j")), Accepted)
    assert refused == Deferred("the certificate of the service is not valid: look at the target's URL")
    assert len(web.requests) == 1


async def test_a_proxy_is_the_one_of_the_settings_and_not_the_environment_s() -> None:
    async with WebhookServer(default=OK) as proxy, apprise({"j": "json://lamp.invalid/in"}, proxy=proxy.url) as channel:
        assert isinstance(await channel.send(to("j")), Accepted)
    assert [request.path for request in proxy.requests] == ["http://lamp.invalid/in"]
    assert not any("proxy" in name.lower() for name in INHERITED)


def write(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    ("command", "answer", "heard"),
    [
        ("RCPT", "550 5.1.1 no such keeper", Refused("the mail server answered 550")),
        ("RCPT", "450 4.2.1 later", Deferred("the mail server answered 450")),
        ("CONTENT", "554 5.7.1 spam", Refused("the mail server answered 554")),
        ("CONTENT", HANG_UP, Deferred("the connection ended before the answer", in_doubt=True)),
        ("MAIL", HANG_UP, Deferred("the connection ended before the answer")),
    ],
)
async def test_a_mail_server_s_reply_means_what_smtp_says(command: str, answer: str, heard: Refused | Deferred) -> None:
    async with SmtpServer() as post:
        url = f"mailto://127.0.0.1:{post.port}/?from=lamp@light.example&to=keeper@coast.example&mode=insecure"
        async with apprise({"mail": url}) as channel:
            post.refuse(command, answer)
            assert await channel.send(to("mail")) == heard


LINES = {
    EXCEPTIONS[0][
        0
    ]: "Socket Exception: HTTPSConnectionPool(host='h', port=443): Max retries exceeded with url: / (Caused by SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: self-signed certificate')))",
    EXCEPTIONS[1][
        0
    ]: "Socket Exception: HTTPConnectionPool(host='h', port=80): Max retries exceeded with url: / (Caused by NameResolutionError('Failed to resolve'))",
    EXCEPTIONS[2][0]: "Socket Exception: [Errno 111] Connection refused",
    EXCEPTIONS[3][
        0
    ]: "Socket Exception: HTTPConnectionPool: Max retries exceeded (Caused by ConnectTimeoutError('Connection to h timed out'))",
    EXCEPTIONS[4][
        0
    ]: "Socket Exception: HTTPSConnectionPool: (Caused by SSLError(SSLError(1, '[SSL: WRONG_VERSION_NUMBER]')))",
    EXCEPTIONS[5][0]: "Socket Exception: ('Connection aborted.', RemoteDisconnected('Remote end closed connection'))",
    EXCEPTIONS[6][0]: "Socket Exception: Connection unexpectedly closed",
    EXCEPTIONS[7][0]: "I/O Exception: HTTPConnectionPool(host='h', port=80): Read timed out. (read timeout=4.0)",
}


@pytest.mark.parametrize(("pattern", "cause"), EXCEPTIONS)
async def test_each_text_of_an_exception_is_read_as_the_row_says(pattern: str, cause: Cause) -> None:
    assert heard_in((logging.DEBUG, LINES[pattern])) == (cause, 0)


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ([(30, "Failed to send ntfy notification to topic 'x': forbidden, error=40301.")], (Cause.STATUS, 403)),
        ([(30, "Failed to send Slack notification: Bad Request, error=400")], (Cause.STATUS, 400)),
        ([(30, "Lark notification failed: 429 - error=500 they wrote")], (Cause.STATUS, 429)),
        ([(30, "error=500 was the lamp, they wrote, and went on")], (Cause.NONE, 0)),  # not its last words
        ([(10, "JSON Payload: {'message': 'error=404.'}")], (Cause.NONE, 0)),  # what a user wrote
        ([(10, "JSON Payload: Connection refused")], (Cause.NONE, 0)),
        ([(10, "Socket Exception: {'a@b.example': (550, b'5.1.1 no')}")], (Cause.REPLY, 550)),
        ([(30, "A Connection error occurred sending X"), (10, "Socket Exception: timed out")], (Cause.SILENT, 0)),
        ([(30, "no, error=500."), (30, "no, error=404.")], (Cause.STATUS, 404)),  # the last word counts
    ],
)
async def test_the_library_s_log_is_read_line_by_line(lines: list[tuple[int, str]], told: tuple[Cause, int]) -> None:
    assert heard_in(*lines) == told


def heard_in(*lines: tuple[int, str]) -> tuple[Cause, int]:
    listener = Listener()
    for level, text in lines:
        listener.emit(logging.LogRecord("apprise", level, "", 0, text, None, None))
    return listener.cause, listener.code


async def test_nearly_every_service_of_the_library_words_a_status_as_it_is_read() -> None:
    """A guard: a version of the library with other words fails here, and not in somebody's gateway."""
    asking, telling = services_that_ask_by_http()
    assert len(asking) > 100
    assert len(telling) / len(asking) > 0.95, sorted(asking - telling)


def services_that_ask_by_http() -> tuple[set[str], set[str]]:
    """Modules of the library that make requests, and those of them that name the status in a form that is read."""
    [where] = importlib.util.find_spec("apprise").submodule_search_locations  # type: ignore[union-attr]
    sources = {str(path): path.read_text(encoding="utf-8") for path in Path(where, "plugins").rglob("*.py")}
    asking = {name for name, text in sources.items() if "requests." in text}
    forms = re.compile(r"error=(%s|%d|\{[^}]*\})|notification failed: %d - ")
    return asking, {name for name in asking if forms.search(sources[name])}


@given(
    st.lists(
        st.tuples(
            st.sampled_from([logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR]),
            st.one_of(
                st.text(),
                st.builds("Socket Exception: {}".format, st.text()),
                st.builds("Failed: error={}".format, st.integers(-(10**6), 10**6)),
                st.builds("Socket Exception: ({}, b'".format, st.integers(0, 10**4)),
            ),
        )
    )
)
async def test_whatever_the_library_writes_gives_a_cause_and_a_code_that_the_table_knows(
    lines: list[tuple[int, str]],
) -> None:
    cause, code = heard_in(*lines)
    assert (code != 0) == (cause in (Cause.STATUS, Cause.REPLY))
    assert any(row[0] is cause and row[1] <= code <= row[2] for row in ANSWERS)


async def test_what_has_left_is_known_from_what_the_interpreter_did() -> None:
    traffic = Traffic()
    traffic.hear("socket.connect", (None, ("192.0.2.1", 80)))
    assert not traffic.left(Cause.UNREACHED)
    assert traffic.left(Cause.NONE)  # a protocol that we cannot follow
    traffic.hear("http.client.send", (None, b"POST /"))
    assert traffic.left(Cause.UNREACHED)
    traffic.start()
    for said in ("ehlo x\r\n", "mail FROM:<a@b>\r\n", "rcpt TO:<c@d>\r\n", "data\r\n"):
        traffic.hear("smtplib.send", (None, said))
        assert not traffic.left(Cause.CUT)
    traffic.hear("smtplib.send", (None, b"Subject: x"))
    assert traffic.left(Cause.CUT)


# ------------------------------------------------------------------ the processes


async def test_a_worker_that_is_killed_leaves_what_it_had_in_doubt_and_the_next_notification_gets_another() -> None:
    log = Notebook()
    async with WebhookServer(default=OK) as web, apprise({"j": f"json://127.0.0.1:{web.port}/"}, log=log) as channel:
        assert isinstance(await channel.send(to("j")), Accepted)
        [pid] = channel.crew.pids
        web.script(Answer(fault=Fault.STALL))
        sending = asyncio.create_task(channel.send(to("j")))
        await until(lambda: len(web.requests) == 2)
        os.kill(pid, signal.SIGKILL)
        assert await sending == Deferred("in doubt: its process was ended by SIGKILL", in_doubt=True)
        assert ("warning", "apprise_worker_lost") in [entry[:2] for entry in log.entries]
        put_off = await channel.send(to("j"))
        assert isinstance(put_off, Deferred)
        assert put_off.lane
        assert not put_off.in_doubt
        assert put_off.retry_after is not None
        await asyncio.sleep(put_off.retry_after + 0.1)
        assert isinstance(await channel.send(to("j")), Accepted)
        assert channel.crew.pids != [pid]


async def test_pauses_after_lost_workers_grow_to_a_bound() -> None:
    place, pauses = Place(), []
    for _ in range(10):
        place.died(100.0)
        pauses.append(place.not_before - 100.0)
    assert pauses[:3] == [FIRST_PAUSE, 2 * FIRST_PAUSE, 4 * FIRST_PAUSE]
    assert pauses[-1] == LONGEST_PAUSE


async def test_a_notification_that_takes_too_long_is_ended_in_doubt_and_holds_up_nobody_after_it() -> None:
    async with (
        WebhookServer(default=OK) as web,
        apprise({"j": f"json://127.0.0.1:{web.port}/?rto=60"}, timeout=2.0) as channel,
    ):
        assert isinstance(await channel.send(to("j")), Accepted)
        [slow] = channel.crew.pids
        web.script(Answer(fault=Fault.STALL))
        sent = await channel.send(to("j"))
        assert sent == Deferred("in doubt: it took longer than 2 seconds", in_doubt=True)
        assert isinstance(await channel.send(to("j")), Accepted)
        assert slow not in channel.crew.pids


async def test_a_process_that_wants_too_much_memory_fails_alone() -> None:
    flood = Answer(status=200, body=b"x" * (300 * 1024 * 1024))
    async with WebhookServer(default=OK) as web:
        url = f"json://127.0.0.1:{web.port}/?rto=20"
        async with apprise({"j": url}, memory=256 * 1024 * 1024) as channel:
            assert isinstance(await channel.send(to("j")), Accepted)
            web.script(flood)
            sent = await channel.send(to("j"))
            assert isinstance(sent, Deferred), sent
            assert sent.in_doubt
            while isinstance(sent, Deferred):
                await asyncio.sleep(0.2)
                sent = await channel.send(to("j"))
            assert isinstance(sent, Accepted)


async def test_the_event_loop_goes_on_while_services_are_slow() -> None:
    async with (
        WebhookServer(default=Answer(status=200, delay=1.5)) as web,
        apprise({"j": f"json://127.0.0.1:{web.port}/"}) as channel,
    ):
        await channel.prepare()
        sending = asyncio.create_task(channel.send(to("j")))
        ticks = 0
        while not sending.done():
            await asyncio.sleep(0.01)
            ticks += 1
        assert isinstance(sending.result(), Accepted)
        assert ticks > 5, "blocked for the second and a half that the service takes, there would be one"


async def test_more_than_may_wait_are_put_off_and_not_kept() -> None:
    async with (
        WebhookServer(default=Answer(status=200, delay=0.2)) as web,
        apprise({"j": f"json://127.0.0.1:{web.port}/"}, queue=2) as channel,
    ):
        sent = await asyncio.gather(*(channel.send(to("j")) for _ in range(6)))
    taken = [each for each in sent if isinstance(each, Accepted)]
    put_off = [each for each in sent if isinstance(each, Deferred)]
    assert (len(taken), len(put_off)) == (3, 3)
    assert all(each.lane and not each.in_doubt for each in put_off)


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
async def test_a_worker_s_arguments_and_environment_hold_no_secret_and_nothing_of_the_gateway_s() -> None:
    async with apprise(
        {"j": f"json://user:{SECRET}@127.0.0.1:9/"}, proxy=f"http://u:{SECRET}@127.0.0.1:3128"
    ) as channel:
        await channel.prepare()
        [pid] = channel.crew.pids
        arguments, environment = seen_of(pid)
        assert SECRET.encode() not in arguments + environment
        names = {line.partition(b"=")[0].decode() for line in environment.split(b"\0") if line}
        assert names <= {*INHERITED, "HOME"}
        assert SECRET not in repr(channel) + repr(channel.traits)


def seen_of(pid: int) -> tuple[bytes, bytes]:
    """Arguments and environment of a process, as others see them."""
    return Path(f"/proc/{pid}/cmdline").read_bytes(), Path(f"/proc/{pid}/environ").read_bytes()


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no signal for a parent's end")
async def test_a_gateway_that_is_killed_takes_its_workers_along() -> None:
    code = (
        "import asyncio\n"
        "from heliograph.channels.registry import build_channel\n"
        "from heliograph.testing.tools import some_tools\n"
        "async def main():\n"
        "    channel = build_channel('team', {'kind': 'apprise', 'targets': {'a': 'json://127.0.0.1:9'}}, some_tools())\n"
        "    await channel.prepare()\n"
        "    print(*channel.crew.pids, flush=True)\n"
        "    await asyncio.sleep(30)\n"
        "asyncio.run(main())\n"
    )
    gateway = await asyncio.create_subprocess_exec(sys.executable, "-c", code, stdout=asyncio.subprocess.PIPE)
    assert gateway.stdout is not None
    pid = int(await gateway.stdout.readline())
    os.kill(pid, 0)
    gateway.kill()
    await gateway.wait()
    await until(lambda: not alive(pid))


def alive(pid: int) -> bool:
    """Whether it runs; one that has ended and was not asked for its exit code does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


async def test_closing_ends_the_processes() -> None:
    async with apprise({"j": "json://127.0.0.1:9/"}, workers=2) as channel:
        await channel.prepare()
        [pid] = channel.crew.pids
        await channel.close()
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
        sent = await channel.send(to("j"))
        assert isinstance(sent, Deferred)
        assert not sent.in_doubt


# ------------------------------------------------------------------ the set-up


@pytest.mark.parametrize(
    ("url", "words"),
    [
        (f"ntfyy://{SECRET}/x", ["knows no service ntfyy://", "the nearest that it knows is ntfy://"]),
        (f"carrierpigeon://{SECRET}", ["knows no service carrierpigeon://", "https://appriseit.com/services/"]),
        (f"slack://{SECRET}", ["cannot read this slack:// URL", "https://appriseit.com/services/slack/"]),
        (f"mqtt://{SECRET}/topic", ["mqtt:// needs more than apprise itself", "pip install", "paho-mqtt"]),
    ],
)
async def test_a_url_that_apprise_cannot_use_is_told_with_what_to_do_and_without_the_url(
    url: str, words: list[str]
) -> None:
    async with apprise({"good": "json://127.0.0.1/", "bad": url}) as channel:
        with pytest.raises(BadSetting) as wrong:
            await channel.prepare()
        checked = await channel.check()
    assert wrong.value.detail.startswith("channels.team.targets.bad: ")
    for said in (wrong.value.detail, checked.sentence):
        assert SECRET not in said
        assert [word for word in words if word not in said] == []
    assert not checked.ok


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({}, ["channels.team.targets", "required"]),
        ({"targets": {}}, ["channels.team.targets"]),
        ({"targets": {"a b": f"json://{SECRET}"}}, ["a target's name is letters", "'a b'"]),
        ({"targets": {"a": SECRET}}, ["a is not a URL as apprise writes them"]),
        ({"targets": {"a": "json://x"}, "proxy": SECRET}, ["channels.team.proxy", "http://host:3128"]),
        ({"targets": {"a": "json://x"}, "ca_file": "/no/such/file"}, ["channels.team.ca_file", "no such file"]),
        ({"targets": {"a": "json://x"}, "overflow": "upstream"}, ["channels.team.overflow", "split"]),
    ],
)
async def test_a_wrong_setting_is_told_without_showing_a_url(values: dict[str, object], words: list[str]) -> None:
    with pytest.raises(BadSetting) as wrong:
        build_channel("team", {"kind": "apprise", **values}, some_tools())
    assert SECRET not in wrong.value.detail
    assert [word for word in words if word not in wrong.value.detail] == []


async def test_to_names_a_target_and_is_never_a_url() -> None:
    async with apprise({"ops": "json://127.0.0.1/", "dev": "json://127.0.0.1/"}) as channel:
        assert await channel.resolve(1, "ops", "") == Address(value="ops")
        for wish in ("json://127.0.0.1/", "OPS", "ops ", "ops,dev", ""):
            with pytest.raises(InvalidArgument, match="Targets: ops, dev"):
                await channel.resolve(1, wish, "")
        assert await channel.send(to("json://127.0.0.1:1/")) == Refused("the channel has no target of that name")
        assert channel.crew.pids == []


async def test_without_the_extra_the_gateway_says_how_to_get_it() -> None:
    code = (
        "import sys; sys.modules['apprise'] = None\n"
        "from heliograph.channels.registry import build_channel, kinds\n"
        "assert 'apprise' in kinds()\n"
        "from heliograph.testing.tools import some_tools\n"
        "import asyncio\n"
        "async def main():\n"
        "    build_channel('team', {'kind': 'apprise', 'targets': {'a': 'json://x'}}, some_tools())\n"
        "asyncio.run(main())\n"
    )
    done = await asyncio.to_thread(
        subprocess.run, [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert re.search(r"BadSetting: channels\.team: .* pip install 'heliograph\[apprise\]'", done.stderr), done.stderr


async def test_a_gateway_lists_the_channel_and_delivers_through_it(tmp_path: Path) -> None:
    async with WebhookServer(default=OK) as web:
        targets = {"harbour": f"ntfy://127.0.0.1:{web.port}/harbour"}
        channels = {"inbox": {"kind": "inbox"}, "team": {"kind": "apprise", "targets": targets, "workers": 1}}
        async with a_town(tmp_path, channels=channels) as town:
            headers = {"Authorization": f"SOTicket {town.ticket}", "Content-Type": "application/json"}
            agent = "/api/v1/Agents/Messaging"
            plugins = msgspec.json.decode((await town.ask("POST", f"{agent}/GetPlugins", headers, b"{}")).body)
            [team] = [each for each in plugins if each["Name"] == "team"]
            assert team["SupportedMessagingFormats"] == ["text/plain", "text/markdown", "text/html"]
            body = b'{"Plugin": "team", "OutgoingMessages": [{"To": "harbour", "Content": "lit"}, {"To": "x", "Content": "?"}]}'
            sent = msgspec.json.decode((await town.ask("POST", f"{agent}/SendMessages", headers, body)).body)
            assert [each["Status"] for each in sent] == [1, 0]
            assert "Targets: harbour" in sent[1]["StatusDescription"]
            assert [request.json["message"] for request in web.requests] == ["lit"]


async def test_a_gateway_does_not_serve_with_a_url_that_apprise_cannot_use(tmp_path: Path) -> None:
    channels = {"inbox": {"kind": "inbox"}, "team": {"kind": "apprise", "targets": {"ops": f"ntfyy://{SECRET}"}}}
    with pytest.raises(BadSetting, match=r"channels\.team\.targets\.ops: .*the nearest that it knows is ntfy://"):
        async with a_town(tmp_path, channels=channels):
            pass
