"""The worker process: the library apprise, fed by the gateway with one notification at a time."""

from __future__ import annotations

import logging
import os
import sys
from difflib import get_close_matches
from typing import TYPE_CHECKING

from heliograph.channels.apprise.evidence import Listener, Traffic
from heliograph.channels.apprise.wire import Cause, FromGateway, Load, Notify, Ready, Told, from_gateway
from heliograph.workers.limits import limit_memory
from heliograph.workers.line import Gone, Line, take_line

if TYPE_CHECKING:  # it is imported once the limits hold
    from apprise import Apprise, AppriseAsset, NotifyBase


class Worker:
    """One process's targets, and the line to its gateway."""

    def __init__(self, line: Line[FromGateway]) -> None:
        self._line = line
        self._listener, self._traffic = Listener(), Traffic()
        self._targets: dict[str, Apprise] = {}

    def serve(self) -> None:
        """Until the gateway closes the line. Raises Gone then."""
        while True:
            frame = self._line.next()
            if isinstance(frame, Notify):
                self._line.send(self._notified(frame))
            else:
                self._line.send(self._loaded(frame))

    def _loaded(self, load: Load) -> Ready:
        limit_memory(load.memory)
        if load.proxy:  # set here, where no list of processes shows it
            os.environ |= {"http_proxy": load.proxy, "https_proxy": load.proxy}
        import apprise

        log = logging.getLogger(apprise.LOGGER_NAME)
        log.setLevel(logging.DEBUG)
        log.propagate = False
        asset = apprise.AppriseAsset(
            app_id="Heliograph",
            app_desc="Heliograph",
            app_url="",
            async_mode=False,  # one after the other, in this thread
            service_timeout=0.0,  # the gateway's limit is the one that counts
            http_redirects=False,
            storage_mode=apprise.PersistentStoreMode.MEMORY,
            pgp_autogen=False,
            pem_autogen=False,
        )
        services: dict[str, str] = {}
        problems: dict[str, str] = {}
        for name, url in load.targets.items():
            try:
                service = _service(url, load.overflow, asset)
            except ValueError as problem:
                problems[name] = str(problem)
                continue
            if service.request_rate_per_sec == apprise.NotifyBase.request_rate_per_sec:
                # The pause for services whose own limit the library does not know; a 429 is waited for by dispatch.
                service.request_rate_per_sec = 0.0
            target = self._targets[name] = apprise.Apprise(asset=asset)
            target.add(service)
            services[name] = str(service.service_name)
        log.addHandler(self._listener)
        sys.addaudithook(self._traffic.hear)
        return Ready(apprise.__version__, services, problems)

    def _notified(self, notify: Notify) -> Told:
        import apprise

        target = self._targets.get(notify.target)
        if target is None:
            return Told(notify.id, False, Cause.UNREADABLE)
        listener, traffic = self._listener, self._traffic
        listener.start()
        traffic.start()
        kind = apprise.NotifyType.WARNING if notify.urgent else apprise.NotifyType.INFO
        answer = target.notify(body=notify.body, title=notify.title, notify_type=kind, body_format=notify.format)
        if answer:
            return Told(notify.id, True)
        left = traffic.left(listener.cause)
        return Told(notify.id, False, listener.cause, listener.code, traffic.tried, left, listener.pieces)


def _service(url: str, overflow: str, asset: AppriseAsset) -> NotifyBase:
    """The service of a URL. Raises ValueError with a sentence that says what to do and repeats nothing of the URL."""
    import apprise
    from apprise.plugins import url_to_dict

    manager = apprise.NotificationManager()
    scheme = url.partition("://")[0].lower()
    if scheme not in manager:
        close = get_close_matches(scheme, manager.schemas(), n=1)
        hint = (
            f"; the nearest that it knows is {close[0]}://" if close else "; https://appriseit.com/services/ lists them"
        )
        raise ValueError(f"apprise {apprise.__version__} knows no service {scheme[:30]}://{hint}")
    plugin = manager[scheme]
    if not plugin.enabled:
        needed = plugin.requirements.get("packages_required") or ()
        needed = [needed] if isinstance(needed, str) else list(needed)
        raise ValueError(f"{scheme}:// needs more than apprise itself: pip install {' '.join(map(repr, needed))}")
    parsed = url_to_dict(url)
    if parsed is not None:
        parsed.setdefault("overflow", overflow)
    service = apprise.Apprise.instantiate(parsed, asset=asset) if parsed is not None else None
    if service is None:
        raise ValueError(
            f"apprise cannot read this {scheme}:// URL, or something is missing in it; "
            f"{plugin.setup_url or plugin.service_url} says how it is written"
        )
    return service


def main() -> None:
    """Serve on the line that the gateway has given."""
    line = take_line()
    if line is None:
        return
    try:
        Worker(Line(line, from_gateway)).serve()
    except (Gone, ConnectionError, KeyboardInterrupt):
        os._exit(0)  # without the goodbyes of threads that the library may have started


if __name__ == "__main__":
    main()
