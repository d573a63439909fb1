"""Every service method by name, called the same way through whichever door, with the hooks around it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from heliograph.core.errors import UnknownOperation
from heliograph.core.people import Caller
from heliograph.core.ports import Call, Hooks
from heliograph.core.replay import Replaying
from heliograph.intake.scopes import require_for

#: Takes the call (caller, notes) and the method's own arguments by name; returns its result.
Handler = Callable[..., Awaitable[Any]]


class Services:
    """The service methods and the hooks around them."""

    def __init__(self, handlers: Mapping[str, Handler], hooks: Hooks) -> None:
        self._handlers = handlers
        self._hooks = hooks

    @property
    def methods(self) -> frozenset[str]:
        """The names of all methods this gateway can carry out."""
        return frozenset(self._handlers)

    async def call(
        self, method: str, arguments: dict[str, Any], caller: Caller, replay: Replaying | None = None
    ) -> Call:
        """Run Before, the method, After; start AfterAsync. The answer is in `result` and `notes` of the call.

        With `replay` the call must act once: what it accepts is kept together with that (see `intake.once`).
        Raises UnknownOperation, NotAllowed for an access token without the scope, whatever the method raises, and RejectedByHook.
        """
        handler = self._handlers.get(method)
        if handler is None:
            raise UnknownOperation(f"{method} is not a method of this gateway.")
        require_for(method, caller)
        call = Call(method=method, arguments=arguments, caller=caller, replay=replay)
        if not self._hooks.wanted(method):
            call.result = await handler(call, **arguments)
            return call
        state = await self._hooks.before(call)
        try:
            call.result = await handler(call, **call.arguments)
            state = await self._hooks.after(call, state)
        except BaseException:
            self._hooks.given_up(call, state)
            raise
        self._hooks.after_async(call, state)
        return call

    async def rehearse(self, method: str, arguments: dict[str, Any], caller: Caller, handler: Handler) -> Call:
        """A dry run: as `call` up to the method, in whose place this handler, which keeps nothing, is called.

        Before scripts run, since they decide what is sent; After and AfterAsync scripts do not. Raises as `call` does.
        """
        require_for(method, caller)
        call = Call(method=method, arguments=arguments, caller=caller, dry_run=True)
        if self._hooks.wanted(method):
            self._hooks.given_up(call, await self._hooks.before(call))
        call.result = await handler(call, **call.arguments)
        return call
