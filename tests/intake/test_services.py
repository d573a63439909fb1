"""Every method is called the same way, with the operator's scripts around it."""

from __future__ import annotations

from typing import Any

import pytest

from heliograph.core.errors import RejectedByHook, UnknownOperation
from heliograph.core.ports import Call
from heliograph.hooks.none import NoHooks
from heliograph.intake.services import Services
from heliograph.testing.builders import a_caller

pytestmark = pytest.mark.anyio


async def double(call: Call, *, number: int) -> int:
    call.notes["Heard"] = str(number)
    return number * 2


class Scripts:
    """Port `Hooks` that writes down what it is asked, changes the argument, and may refuse."""

    def __init__(self, *, refuse: bool = False) -> None:
        self.heard: list[str] = []
        self._refuse = refuse

    def wanted(self, method: str) -> bool:
        return method == "Double"

    async def before(self, call: Call) -> Any:
        self.heard.append("before")
        if self._refuse:
            raise RejectedByHook("Not today.")
        call.arguments["number"] += 1
        return "state"

    async def after(self, call: Call, state: Any) -> Any:
        self.heard.append(f"after {state}")
        call.result += 100
        return "later"

    def after_async(self, call: Call, state: Any) -> None:
        self.heard.append(f"after_async {state}")


async def test_without_scripts_a_call_is_the_method_and_its_notes() -> None:
    call = await Services({"Double": double}, NoHooks()).call("Double", {"number": 4}, a_caller())
    assert (call.result, call.notes) == (8, {"Heard": "4"})


async def test_scripts_run_around_the_method_and_may_change_what_goes_in_and_comes_out() -> None:
    scripts = Scripts()
    call = await Services({"Double": double}, scripts).call("Double", {"number": 4}, a_caller())
    assert call.result == 110
    assert scripts.heard == ["before", "after state", "after_async later"]


async def test_a_script_that_refuses_keeps_the_method_from_running() -> None:
    scripts = Scripts(refuse=True)
    with pytest.raises(RejectedByHook, match="Not today"):
        await Services({"Double": double}, scripts).call("Double", {"number": 4}, a_caller())
    assert scripts.heard == ["before"]


async def test_a_method_that_is_not_there_is_unknown() -> None:
    services = Services({"Double": double}, NoHooks())
    assert services.methods == {"Double"}
    with pytest.raises(UnknownOperation, match="Halve"):
        await services.call("Halve", {}, a_caller())
