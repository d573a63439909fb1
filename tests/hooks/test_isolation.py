"""A script that goes wrong ends its own process and nothing else."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from heliograph.core.errors import RejectedByHook
from heliograph.hooks.process import SLOW
from heliograph.testing.waiting import until

pytestmark = pytest.mark.anyio

LOOP = """
    def before_send_push_notification(associate_ids, message, event):
        message.title = "changed"
        while True:
            pass
    def on_error(message):
        open(__file__ + ".txt", "a").write(message + "\\n")
"""


async def test_an_endless_loop_ends_its_worker_after_the_limit_and_the_call_goes_on(scripted: Any) -> None:
    after_it = """
        def before_send_push_notification(associate_ids, message, event):
            message.title += " b"
    """
    async with scripted({"a.py": LOOP, "b.py": after_it}, time_limit=0.4) as town:
        [pid] = town.hooks.pids
        loop = asyncio.get_running_loop()
        began = loop.time()
        await town.push("a")
        assert loop.time() - began >= 0.4
        assert [item.title for item in await town.town.inbox(1)] == ["a b"]
        assert pid not in town.hooks.pids
        await until(lambda: "it took longer than 0.4 seconds" in town.read("a.py.txt"))


async def test_the_event_loop_is_never_blocked_by_a_script(scripted: Any) -> None:
    async with scripted({"a.py": LOOP}, time_limit=1) as town:
        stuck = asyncio.ensure_future(town.push())
        answered = 0
        while not stuck.done():
            assert (await town.town.ask("GET", "/healthz")).status == 200
            answered += not stuck.done()
        assert answered > 3, "blocked, it would have answered one"


async def test_the_fifth_breach_disables_a_script_until_it_is_reloaded_or_changed(scripted: Any) -> None:
    async with scripted({"a.py": LOOP}, time_limit=0.2) as town:
        for n in range(5):
            assert town.state("a.py") == "serving", n
            await town.push()
        assert town.state("a.py") == "disabled"
        assert "5 breaches: it took longer than 0.2 seconds" in town.problem("a.py")
        assert not town.hooks.wanted("SendPushNotification")
        assert town.town.app.counters.snapshot()["script_disabled", "a.py", ""] == 1
        await town.push("untouched")
        assert (await town.hooks.reload())[0].state == "serving"
        assert town.hooks.wanted("SendPushNotification")


@pytest.mark.parametrize(
    ("deed", "words"),
    [
        ("import os; os._exit(3)", "exit code 3"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "ended by SIGSEGV"),
        ("import os; os.closerange(3, 99)", "its process"),
    ],
)
async def test_a_crash_is_the_scripts_own(scripted: Any, deed: str, words: str) -> None:
    script = f"""
        def before_send_push_notification(associate_ids, message, event):
            {deed}
        def on_error(message):
            open(__file__ + ".txt", "a").write(message)
    """
    async with scripted({"a.py": script}) as town:
        calls = await asyncio.gather(*(town.push(f"call {n}") for n in range(3)))
        assert len({call.notes["MessageId"] for call in calls}) == 3
        await until(lambda: words in town.read("a.py.txt"))
        assert (await town.town.ask("GET", "/healthz")).status == 200


async def test_a_script_that_wants_all_memory_gets_an_error_of_its_own(scripted: Any) -> None:
    script = """
        def before_send_push_notification(associate_ids, message, event):
            hoard = bytearray(2_000_000_000)
        def on_error(message):
            open(__file__ + ".txt", "a").write(message)
    """
    async with scripted({"a.py": script}, memory=256 * 1024 * 1024) as town:
        await town.push()
        assert "MemoryError" in town.read("a.py.txt")


async def test_exit_in_a_script_is_a_failure_and_no_end(scripted: Any) -> None:
    script = """
        import sys
        def before_send_push_notification(associate_ids, message, event):
            sys.exit(1)
    """
    async with scripted({"a.py": script}) as town:
        pids = town.hooks.pids
        await town.push()
        assert town.hooks.pids == pids


@pytest.mark.parametrize(
    "deed",
    [
        "open(__file__ + '.txt', 'w')",
        "__import__('os').remove(__file__)",
        "__import__('socket').create_connection(('127.0.0.1', 9))",
        "__import__('subprocess').run(['true'])",
        "__import__('os').system('true')",
    ],
)
async def test_the_sandbox_keeps_scripts_from_writing_connecting_and_starting(scripted: Any, deed: str) -> None:
    script = f"""
        def before_send_push_notification(associate_ids, message, event):
            try:
                {deed}
            except PermissionError as error:
                message.title = str(error)
    """
    async with scripted({"a.py": script}, sandbox=True) as town:
        await town.push()
        [item] = await town.town.inbox(1)
        assert item.title.startswith("scripts.sandbox does not allow")


async def test_workers_know_none_of_the_gateways_secrets_from_their_surroundings(
    scripted: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HELIOGRAPH_SECRET_KEY_OF_A_TEST", "swordfish")
    script = """
        import os
        def before_send_push_notification(associate_ids, message, event):
            message.title = str([name for name in os.environ if name.startswith("HELIOGRAPH_")])
    """
    async with scripted({"a.py": script}) as town:
        await town.push()
        assert [item.title for item in await town.town.inbox(1)] == ["[]"]


async def test_a_hung_after_async_script_delays_no_call(scripted: Any) -> None:
    script = """
        def before_send_push_notification(associate_ids, message, event):
            pass
        def after_send_push_notification_async(associate_ids, message, event):
            while True:
                pass
    """
    async with scripted({"a.py": script}, async_time_limit=60, drain=0.5) as town:
        loop = asyncio.get_running_loop()
        await town.push()
        began = loop.time()
        for _ in range(20):
            await town.push()
        assert loop.time() - began < 30, "the first is not ended before a minute"


async def test_a_script_that_talks_without_end_is_cut_short_and_the_gateway_goes_on(scripted: Any) -> None:
    script = """
        from heliograph.scripts import log
        def before_send_push_notification(associate_ids, message, event):
            while True:
                print("x" * 5000)
    """
    async with scripted({"a.py": script}, time_limit=1) as town:
        stuck = asyncio.ensure_future(town.push())
        answered = 0
        while not stuck.done():
            await town.town.ask("GET", "/healthz")
            answered += not stuck.done()
        assert answered > 3, "blocked, it would have answered one"


async def test_calls_do_not_wait_behind_a_slow_one_while_another_worker_is_free(scripted: Any) -> None:
    script = """
        import os, time
        def before_send_push_notification(associate_ids, message, event):
            if message.title == "slow":
                open(__file__ + ".txt", "w").write("begun")
                while not os.path.exists(__file__ + ".go"):
                    time.sleep(0.01)
    """
    async with scripted({"a.py": script}, workers=2, time_limit=60) as town:
        slow = asyncio.ensure_future(town.push("slow"))
        await until(lambda: town.read("a.py.txt"))
        await asyncio.sleep(2 * SLOW)  # what came sooner might have been given to it
        await asyncio.gather(*(town.push("quick") for _ in range(50)))
        assert not slow.done()
        (town.folder / "a.py.go").touch()
        await slow


async def test_a_thread_of_a_script_may_log_and_may_not_ask(scripted: Any) -> None:
    script = """
        import threading
        from heliograph.scripts import *
        def before_send_push_notification(associate_ids, message, event):
            def work():
                log.info("x" * 100_000)
                try:
                    user(101)
                except ScriptError as error:
                    message.title = str(error)
            threads = [threading.Thread(target=work) for _ in range(4)]
            [each.start() for each in threads]
            [each.join() for each in threads]
    """
    async with scripted({"a.py": script}) as town:
        await town.push()
        assert [item.title[:24] for item in await town.town.inbox(1)] == ["Only the handler itself "]


async def test_a_refusal_without_words_or_with_others_than_words_is_a_refusal(scripted: Any) -> None:
    script = """
        from heliograph.scripts import Reject
        def before_send_push_notification(associate_ids, message, event):
            if message.title == "number":
                raise Reject(404)
            raise Reject
    """
    async with scripted({"a.py": script}) as town:
        with pytest.raises(RejectedByHook, match="404"):
            await town.push("number")
        with pytest.raises(RejectedByHook, match="A script refused the call"):
            await town.push("bare")
