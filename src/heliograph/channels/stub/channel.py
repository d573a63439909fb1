"""Answers whatever the message asks for, and remembers what it was handed. Never for real messages."""

from __future__ import annotations

from collections import deque

from heliograph.channels.plugin import Plugin, Tools
from heliograph.channels.stub.answers import ANSWERS, asked_in, read_script, step_for
from heliograph.channels.stub.settings import StubSettings
from heliograph.core.delivery import Address, Letter
from heliograph.core.errors import InvalidArgument
from heliograph.core.outcome import Outcome, Refused
from heliograph.core.ports import Check, Clock, Traits

CONFIG_KEYS = frozenset({"account", "answers", "token"})
_TRAITS = Traits(formats=("text/plain",), config_keys=CONFIG_KEYS, concurrency=64, timeout=30.0)
_LONGEST_ADDRESS = 1000


class StubChannel:
    """Looks for a script in the caller's configuration, then in the message, then in its own settings."""

    def __init__(self, settings: StubSettings, clock: Clock) -> None:
        self._script = read_script(settings.answers)
        self._clock = clock
        self.letters: deque[Letter] = deque(maxlen=settings.remember)

    @property
    def traits(self) -> Traits:
        """Plain text; takes a configuration with a call."""
        return _TRAITS

    async def resolve(self, company_id: int, to: str, format: str) -> Address:
        """Any printable text up to 1,000 characters is an address. Raises InvalidArgument for the rest."""
        if not to.strip() or not to.isprintable() or len(to) > _LONGEST_ADDRESS:
            raise InvalidArgument("To must be printable text of 1 to 1,000 characters.", field="To")
        return Address(value=to)

    async def send(self, letter: Letter) -> Outcome:
        """The answer asked for; a caller's `answers` that cannot be read are refused without repeating them."""
        self.letters.append(letter)
        told = letter.config.get("answers", "")
        try:
            script = read_script(told) if told else asked_in(letter.message.content.body) or self._script
        except ValueError:
            return Refused(f"the configuration's `answers` cannot be read; known: {', '.join(ANSWERS)}")
        step = step_for(script, letter.attempt)
        if step.wait:
            await self._clock.sleep(step.wait)
        return step.outcome()

    async def check(self) -> Check:
        """Always well."""
        return Check(True, "The stub is ready; it delivers to nobody.")

    async def close(self) -> None:
        """Nothing to let go of."""


def _build(name: str, settings: StubSettings, tools: Tools) -> StubChannel:
    tools.log.warning("stub_channel_configured", channel=name, reason="it answers as asked and delivers to nobody")
    return StubChannel(settings, tools.clock)


PLUGIN = Plugin(
    kind="stub",
    description="Answers whatever the message asks for and delivers to nobody; for tests and demonstrations.",
    settings=StubSettings,
    build=_build,
)
