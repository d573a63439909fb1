"""Scripts come, change and go while the gateway serves; what is broken never takes the place of what works."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from heliograph.core.errors import NotFound
from heliograph.hooks.control import ask, follow
from heliograph.hooks.tracing import Trace
from heliograph.testing.waiting import until

pytestmark = pytest.mark.anyio

SUFFIX = """
    def before_send_push_notification(associate_ids, message, event):
        message.title += "SUFFIX"
"""


def suffix(text: str) -> str:
    return SUFFIX.replace("SUFFIX", text)


async def title(town: Any) -> str:
    """What becomes of a title now."""
    call = await town.push("t")
    view = await town.town.app.query.message(int(call.notes["MessageId"]))
    return str(view.message.content.title)


async def test_a_script_serves_changes_and_goes_while_the_gateway_runs(scripted: Any) -> None:
    async with scripted({}) as town:
        assert town.hooks.pids == []
        town.write("a.py", suffix("-one"))
        await until(lambda: town.hooks.wanted("SendPushNotification"))
        assert await title(town) == "t-one"
        town.write("a.py", suffix("-other"))
        await until(lambda: title(town), lambda now: now == "t-other")
        (town.folder / "a.py").unlink()
        await until(lambda: not town.hooks.wanted("SendPushNotification"))
        assert await title(town) == "t"
        await until(lambda: town.hooks.pids == [])


async def test_no_call_is_lost_or_goes_without_scripts_while_they_change(scripted: Any) -> None:
    async with scripted({"a.py": suffix("-0")}) as town:
        done = asyncio.Event()

        async def calls() -> int:
            count = 0
            while not done.is_set():
                await town.push("t")
                count += 1
            return count

        callers = [asyncio.ensure_future(calls()) for _ in range(4)]
        for n in range(1, 4):
            town.write("a.py", suffix(f"-{n}"))
            await town.hooks.reload()
        done.set()
        count = sum(await asyncio.gather(*callers))
        views = await town.town.app.query.messages(company_id=1, limit=1000)
        titles = {view.message.content.title for view in views}
        assert len(views) == min(count, 1000)
        assert titles <= {"t-0", "t-1", "t-2", "t-3"}


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("def before_send_push_notification(associate_ids, message, event)\n    pass\n", "a.py:1: expected ':'."),
        ("x = 1\nraise RuntimeError('no oil')\n\ndef after_get_plugins(event): ...\n", "a.py:2: RuntimeError: no oil"),
        ("\ndef before_send_push_notifcation(associate_ids, message, event): ...\n",
         "a.py:2: before_send_push_notifcation is not an event. Did you mean before_send_push_notification?"),
        ("def befor_send_push_notification(associate_ids, message, event): ...\n",
         "a.py:1: befor_send_push_notification is not an event. Did you mean before_send_push_notification?"),
        ("def before_send_push_notification(message, event): ...\n",
         "a.py:1: before_send_push_notification has wrong parameters: (message, event). "
         "It takes (associate_ids, message, event)."),
        ("def AfterSendMessages(plugin, outgoingMessages, eventState): ...\n",
         "It takes (plugin, outgoingMessages, returnValue, eventState)."),
        ("async def after_get_plugins(event): ...\n", "a.py:1: after_get_plugins must be a plain function"),
        ("def _helper(): ...\n", "a.py:1: there is no event handler here"),
        ("def after_get_plugins(event): ...\ndef AfterGetPlugins(returnValue, eventState): ...\n",
         "a.py:2: AfterGetPlugins is here twice"),
        ("import os\nos._exit(4)\ndef after_get_plugins(event): ...\n",
         "a.py:1: while it was loaded, its process ended with exit code 4."),
        ("while True: pass\ndef after_get_plugins(event): ...\n",
         "a.py:1: while it was loaded, it took longer than 0.5 seconds to load."),
    ],
    ids=lambda text: text.splitlines()[0][:30] if ":" not in text[:10] else "",
)  # fmt: skip
async def test_what_is_broken_is_told_with_file_and_line_and_the_old_version_serves_on(
    scripted: Any, text: str, complaint: str
) -> None:
    old = suffix("-old") + '\n    def on_error(message):\n        open(__file__ + ".txt", "a").write(message)\n'
    async with scripted({"a.py": old, "b.py": suffix("-b")}, time_limit=0.5) as town:
        (town.folder / "a.py").write_text(text)
        await town.hooks.reload()
        assert complaint in town.problem("a.py")
        assert town.state("a.py") == "old version serving"
        assert await title(town) == "t-old-b"
        await until(lambda: complaint in town.read("a.py.txt"))
        town.write("a.py", suffix("-new"))
        await town.hooks.reload()
        assert (town.state("a.py"), await title(town)) == ("serving", "t-new-b")


async def test_a_gateway_with_a_broken_script_starts_and_the_others_serve(scripted: Any) -> None:
    async with scripted({"a.py": "def (", "b.py": suffix("-b")}) as town:
        assert (town.state("a.py"), town.state("b.py")) == ("broken", "serving")
        assert await title(town) == "t-b"


async def test_a_script_that_everyone_may_write_is_not_run(scripted: Any) -> None:
    async with scripted({"a.py": suffix("-a")}) as town:
        (town.folder / "b.py").write_text("raise SystemExit")
        (town.folder / "b.py").chmod(0o666)
        await town.hooks.reload()
        assert "everyone on this machine may write it" in town.problem("b.py")
        assert await title(town) == "t-a"


async def test_files_that_begin_with_an_underscore_are_for_scripts_to_import(scripted: Any) -> None:
    script = """
        from _lamps import NAME
        def before_send_push_notification(associate_ids, message, event):
            message.title += NAME
    """
    async with scripted({"_lamps.py": "NAME = '-lamp'", "a.py": script}) as town:
        assert await title(town) == "t-lamp"
        town.write("_lamps.py", "NAME = '-changed'")
        await town.hooks.reload()
        assert await title(town) == "t-changed"


async def test_disabled_scripting_runs_nothing(scripted: Any) -> None:
    async with scripted({"a.py": suffix("-a")}, enabled=False) as town:
        assert await title(town) == "t"
        assert town.hooks.pids == []


async def test_the_command_line_lists_reloads_and_follows_through_the_socket(scripted: Any) -> None:
    async with scripted({"a.py": suffix("-a")}) as town:
        path = town.folder.parent / "scripts.sock"
        assert path.stat().st_mode & 0o777 == 0o600
        listing = await ask(path, "list")
        assert [each.name for each in listing.scripts] == ["a.py"]
        assert listing.workers == town.hooks.pids
        town.write("a.py", suffix("-b"))
        assert (await ask(path, "reload")).scripts[0].state == "serving"
        traces: list[Trace] = []
        ready = asyncio.Event()

        async def signal() -> None:
            ready.set()

        async def watch() -> None:
            async for trace in follow(path, signal):
                traces.append(trace)

        watching = asyncio.ensure_future(watch())
        await ready.wait()
        await town.push("secret title")
        await until(lambda: bool(traces))
        watching.cancel()
        assert (traces[0].event, traces[0].changed, traces[0].scripts) == ("before", ("message.title",), ("a.py",))
        assert "secret" not in repr(traces)
        assert (await ask(path, "dance")).error == "dance is no command."
    with pytest.raises(NotFound):
        await ask(path, "list")


async def test_health_names_the_scripts_that_do_not_serve(scripted: Any) -> None:
    async with scripted({"a.py": "def (", "b.py": suffix("-b")}) as town:
        health = (await town.town.ask("GET", "/healthz")).json()
        assert health["scripts"] == {"a.py": "broken"}
