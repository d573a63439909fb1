"""What scripts may ask of the gateway: sending, as the caller and without events, and looking users up."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

import msgspec
import structlog

from heliograph.core.errors import CallerError, Unavailable
from heliograph.hooks.wire import Ask, Told, Who

log = structlog.get_logger(__name__)

#: Takes who called and the question as JSON, gives the answer as JSON; raises CallerError for what cannot be.
Verb = Callable[[Who, bytes], Awaitable[bytes]]


class Answers:
    """The verbs by name. A wrong question is the script's to hear of, an unexpected error the operator's as well."""

    def __init__(self, verbs: Mapping[str, Verb]) -> None:
        self._verbs = verbs

    async def answer(self, ask: Ask) -> Told:
        """Never raises."""
        verb = self._verbs.get(ask.verb)
        if verb is None:
            return Told(ask.id, error=f"{ask.verb} is nothing a script can ask for.")
        try:
            return Told(ask.id, await verb(ask.who, ask.value))
        except (CallerError, Unavailable) as error:
            return Told(ask.id, error=error.detail)
        except msgspec.MsgspecError as error:
            return Told(ask.id, error=f"{ask.verb}: {error}.")
        except Exception:
            log.exception(f"A script's {ask.verb} failed.", action="script_bug", script=ask.script)
            return Told(ask.id, error="The gateway met an unexpected error; its log tells which.")
