"""What scripts see of a call, and what they may do to it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from heliograph.core.errors import RejectedByHook, Unavailable
from heliograph.intake.carriers import OutgoingMessage
from heliograph.testing.waiting import until

pytestmark = pytest.mark.anyio


async def test_a_before_script_changes_the_members_of_the_message_and_the_recipients(scripted: Any) -> None:
    script = """
        def before_send_push_notification(associate_ids, message, event):
            message.title = message.title.upper()
            message.message += " Really."
            message.extra_values["badge"] = "1"
            associate_ids.remove(101)
            associate_ids.append(103)
    """
    async with scripted({"a.py": script}) as town:
        await town.push("Lamp")
        [item] = await town.town.inbox(1, associate_id=103)
        assert (item.title, item.body, item.data) == ("LAMP", "The lamp is lit. Really.", {"badge": "1"})
        assert await town.town.app.store.inbox.unread(101) == 0


async def test_state_goes_from_before_to_after_to_after_async_of_that_call_and_that_script_alone(scripted: Any) -> None:
    script = """
        import pathlib
        FILE = pathlib.Path(__file__).with_suffix(".txt")
        def before_send_push_notification(associate_ids, message, event):
            assert event.state is None
            event.state = {"title": message.title, "script": "NAME"}
        def after_send_push_notification(associate_ids, message, event):
            event.state["after"] = True
        def after_send_push_notification_async(associate_ids, message, event):
            with FILE.open("a") as file:
                print(message.title, event.state, file=file)
    """
    scripts = {name: script.replace("NAME", name) for name in ("a.py", "b.py")}
    async with scripted(scripts) as town:
        await asyncio.gather(*(town.push(f"Lamp {n}") for n in range(20)))
        for name in ("a", "b"):
            await until(lambda name=name: town.read(f"{name}.txt").count("\n") == 20)
            expected = {f"Lamp {n} {{'title': 'Lamp {n}', 'script': '{name}.py', 'after': True}}" for n in range(20)}
            assert set(town.read(f"{name}.txt").splitlines()) == expected


async def test_the_netserver_spelling_is_the_same_hook(scripted: Any) -> None:
    script = """
        def BeforeSendMessages(plugin, outgoingMessages, eventState):
            eventState.state = len(outgoingMessages)
            for message in outgoingMessages:
                message.content += "!"
        def AfterSendMessages(plugin, outgoingMessages, returnValue, eventState):
            returnValue[0].status_description += f" ({eventState.state} message)"
    """
    async with scripted({"a.py": script}) as town:
        arguments = {"plugin": "inbox", "outgoing_messages": [OutgoingMessage(to="keeper101", content="Lit")]}
        call = await town.town.app.services.call("SendMessages", arguments, town.town.caller)
        assert call.result[0].status_description.endswith(" (1 message)")
        assert [item.body for item in await town.town.inbox(1)] == ["Lit!"]


async def test_after_may_replace_what_is_returned_and_after_async_may_not(scripted: Any) -> None:
    script = """
        import time
        def after_get_plugins(event):
            event.return_value = event.return_value[:1]
            event.return_value[0].name = "renamed"
        def after_get_plugins_async(event):
            open(__file__ + ".txt", "w").write(event.return_value[0].name)
            event.return_value[0].name = "too late"
    """
    async with scripted({"a.py": script}) as town:
        call = await town.town.app.services.call("GetPlugins", {}, town.town.caller)
        await until(lambda: town.read("a.py.txt") == "renamed")
        assert [each.name for each in call.result] == ["renamed"]


async def test_the_answer_waits_for_after_and_never_for_after_async(scripted: Any) -> None:
    script = """
        import os, time
        def after_send_push_notification(associate_ids, message, event):
            time.sleep(0.3)
        def after_send_push_notification_async(associate_ids, message, event):
            while not os.path.exists(__file__ + ".go"):
                time.sleep(0.01)
            open(__file__ + ".txt", "w").write("ran")
    """
    async with scripted({"a.py": script}, async_time_limit=60) as town:
        loop = asyncio.get_running_loop()
        began = loop.time()
        await town.push()
        assert loop.time() - began >= 0.3
        assert town.read("a.py.txt") == ""
        (town.folder / "a.py.go").touch()
        await until(lambda: town.read("a.py.txt") == "ran")


async def test_a_refusal_is_told_in_the_scripts_own_words_over_rest_and_soap(scripted: Any) -> None:
    script = """
        from heliograph.scripts import Reject
        def before_send_push_notification(associate_ids, message, event):
            raise Reject(f"No lamps, {event.caller.door}.")
    """
    async with scripted({"a.py": script}) as town:
        answer = await town.rest()
        assert (answer.status, "No lamps, rest." in answer.text) == (400, True)
        ns = "http://www.superoffice.net/ws/crm/NetServer/Services86"
        envelope = (
            f'<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" xmlns="{ns}"><s:Header><Credentials>'
            f"<Ticket>{town.town.ticket}</Ticket></Credentials></s:Header><s:Body><SendPushNotification>"
            '<AssociateIds xmlns:a="http://schemas.microsoft.com/2003/10/Serialization/Arrays"><a:int>101</a:int>'
            "</AssociateIds><Message><Title>Lamp</Title></Message></SendPushNotification></s:Body></s:Envelope>"
        )
        answer = await town.town.ask(
            "POST", "/Remote/Services86/Pocket.svc", {"Content-Type": "text/xml"}, envelope.encode()
        )
        assert answer.status == 200
        assert "No lamps, soap." in answer.text
        assert "Succeeded" in answer.text
        assert await town.town.app.query.counts() == {}


async def test_rest_push_raises_the_same_events(scripted: Any) -> None:
    script = """
        def before_send_push_notification(associate_ids, message, event):
            message.title = f"{event.caller.door}: {message.title}"
    """
    async with scripted({"a.py": script}) as town:
        assert (await town.rest("Lamp")).status == 200
        assert [item.title for item in await town.town.inbox(1)] == ["rest: Lamp"]


async def test_scripts_run_in_order_of_their_names_and_each_sees_what_those_before_it_did(scripted: Any) -> None:
    script = """
        def before_send_push_notification(associate_ids, message, event):
            message.title += "NAME"
    """
    scripts = {f"{name}.py": script.replace("NAME", name) for name in "cab"}
    async with scripted(scripts) as town:
        await town.push(":")
        assert [item.title for item in await town.town.inbox(1)] == [":abc"]


async def test_a_script_that_fails_changes_nothing_tells_its_on_error_and_stops_nobody(scripted: Any) -> None:
    failing = """
        def before_send_push_notification(associate_ids, message, event):
            message.title = "half done"
            raise RuntimeError("no oil")
        def on_error(message):
            open(__file__ + ".txt", "a").write(message)
    """
    next_one = """
        def before_send_push_notification(associate_ids, message, event):
            message.title += "b"
    """
    async with scripted({"a.py": failing, "b.py": next_one}) as town:
        await town.push("a")
        assert [item.title for item in await town.town.inbox(1)] == ["ab"]
        assert "a.py:4: RuntimeError: no oil" in town.read("a.py.txt")
        assert town.town.app.counters.snapshot()["script_failed", "a.py", "before"] == 1


async def test_a_value_that_the_method_cannot_take_is_the_scripts_failure(scripted: Any) -> None:
    script = """
        def before_send_push_notification(associate_ids, message, event):
            message.title = 5
        def on_error(message):
            open(__file__ + ".txt", "a").write(message)
    """
    async with scripted({"a.py": script}) as town:
        await town.push("a")
        assert [item.title for item in await town.town.inbox(1)] == ["a"]
        assert "Expected `str`, got `int`" in town.read("a.py.txt")


async def test_with_on_error_reject_a_failing_before_script_refuses_the_call(scripted: Any) -> None:
    script = """
        def before_send_push_notification(associate_ids, message, event):
            raise RuntimeError("the password is swordfish")
    """
    async with scripted({"a.py": script}, on_error="reject") as town:
        with pytest.raises(RejectedByHook) as refusal:
            await town.push()
        assert "swordfish" not in str(refusal.value)


async def test_a_script_sends_further_messages_without_raising_events_and_reads_users_and_settings(
    scripted: Any,
) -> None:
    script = """
        from heliograph.scripts import *
        def before_send_push_notification(associate_ids, message, event):
            if user_by_name("KEEPER101").associate_id == 101 and user(201) is None:
                copy = PocketNotificationMessage(title=f"{setting('scripts.values.prefix')} {message.title}")
                send_push_notification([103], copy)
                [status] = send_messages("inbox", [OutgoingMessage(to="keeper103", content="text")])
                assert status.status == 1 and status.messaging_id
                assert user_by_email("keeper103@example.com").full_name == "Keeper 103"
                assert not hasattr(user(101), "password_hash")
                assert setting("messaging.wait") == 10.0
            try:
                send_messages("pigeon", [])
            except ScriptError as error:
                message.message = str(error)
    """
    async with scripted({"a.py": script}, values={"prefix": "Copy:"}) as town:
        await town.push("Lamp")
        items = await town.town.inbox(2, associate_id=103)
        assert {item.title or item.body for item in items} == {"Copy: Lamp", "text"}
        [item] = await town.town.inbox(1)
        assert item.body.startswith("There is no plugin 'pigeon'")


async def test_more_calls_with_scripts_than_allowed_are_asked_to_come_again(scripted: Any) -> None:
    script = """
        import os, time
        def before_send_push_notification(associate_ids, message, event):
            while not os.path.exists(__file__ + ".go"):
                time.sleep(0.01)
    """
    async with scripted({"a.py": script}, queue=2, time_limit=60) as town:
        calls = [asyncio.ensure_future(town.push()) for _ in range(3)]
        await until(lambda: any(call.done() for call in calls))
        (town.folder / "a.py.go").touch()
        outcomes = await asyncio.gather(*calls, return_exceptions=True)
        assert [type(outcome) for outcome in outcomes if isinstance(outcome, BaseException)] == [Unavailable]
        assert (await town.rest()).status == 200


async def test_a_call_that_fails_in_the_method_raises_no_after_events(scripted: Any) -> None:
    script = """
        def after_send_push_notification(associate_ids, message, event):
            open(__file__ + ".txt", "a").write("after")
        def after_send_push_notification_async(associate_ids, message, event):
            open(__file__ + ".txt", "a").write("async")
    """
    async with scripted({"a.py": script}) as town:
        with pytest.raises(Exception, match="No such associate"):
            await town.push(to=(999,))
        await town.push()
        await until(lambda: town.read("a.py.txt") == "afterasync")
