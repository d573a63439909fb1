"""One apprise worker as the gateway sees it: it has one notification at a time, and is ended when that takes too long."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

from heliograph.channels.apprise.wire import Load, Notify, Ready, Told, from_worker
from heliograph.workers.child import Child

MODULE = "heliograph.channels.apprise.worker"
STARTING = 30.0  # seconds a fresh interpreter may take to load the library
#: All that a worker's environment takes over from the gateway's.
INHERITED = ("PATH", "PYTHONPATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ")


class Lost(Exception):
    """The worker ended, or was ended, before it answered; the text says why."""

    def __init__(self, why: str, *, overdue: bool = False) -> None:
        super().__init__(why)
        self.overdue = overdue  # it was ended for taking too long


class AppriseWorker(Child):
    """Speaks to one `heliograph.channels.apprise.worker`."""

    def __init__(self) -> None:
        super().__init__()
        self._answer: asyncio.Future[Ready | Told] | None = None
        self.alive = False

    async def start(self, load: Load, ca_file: Path | None) -> Ready:
        """Start the process and have it look at every target. Raises Lost and OSError."""
        await self.spawn(MODULE, environment(ca_file))
        self.alive = True
        answer = await self._asked(load, STARTING)
        if not isinstance(answer, Ready):
            self.kill("it does not keep to the protocol")
            raise Lost("it does not keep to the protocol")
        return answer

    async def notify(self, notify: Notify, within: float) -> Told:
        """Have it send this one. Whatever ends the wait for the answer, a time limit included, ends the process. Raises Lost."""
        answer = await self._asked(notify, within)
        if not isinstance(answer, Told) or answer.id != notify.id:
            self.kill("it does not keep to the protocol")
            raise Lost("it does not keep to the protocol")
        return answer

    async def _asked(self, frame: Load | Notify, within: float) -> Ready | Told:
        self._answer = self._loop.create_future()
        self.write(frame)
        if not self.alive:
            raise Lost("its process is gone")
        try:
            return await asyncio.wait_for(self._answer, within)
        except TimeoutError:
            reason = f"it took longer than {within:g} seconds"
            self.kill(reason)
            raise Lost(reason, overdue=True) from None
        except BaseException:
            self.kill("it was not needed any more")
            raise
        finally:
            self._answer = None

    def kill(self, why: str) -> None:
        """End it now."""
        self.alive = False
        super().kill(why)

    def heard(self, body: bytes) -> None:
        frame = from_worker(body)
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(frame)

    def parted(self) -> None:
        self.alive = False

    def ended(self, reason: str) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(Lost(reason))


def environment(ca_file: Path | None) -> dict[str, str]:
    """Little of the gateway's own, and no home: there may be passwords in it that a library would use unasked."""
    made = {name: os.environ[name] for name in INHERITED if name in os.environ}
    made["HOME"] = "/nonexistent"
    if ca_file is not None:
        made |= {"REQUESTS_CA_BUNDLE": str(ca_file), "SSL_CERT_FILE": str(ca_file)}
    return made
