"""A whole answer in one write: the ASGI extension that our own server offers its application."""

from __future__ import annotations

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle


async def write_whole(
    cycle: RequestResponseCycle, status: int, headers: list[tuple[bytes, bytes]], body: bytes
) -> None:
    """Head and body in one write, where ASGI's two messages are two; the headers include Content-Length.

    Raises ValueError for a header that would end its line. To a client that has gone nothing is written.
    """
    if cycle.flow.write_paused and not cycle.disconnected:
        await cycle.flow.drain()
    if cycle.disconnected:
        return
    head = b"".join([b"%b: %b\r\n" % pair for pair in headers])
    if head.count(b"\n") != len(headers) or head.count(b"\r") != len(headers):
        raise ValueError("a header value has a line break in it")
    if not cycle.keep_alive:
        head += b"connection: close\r\n"
    shown = b"" if cycle.scope["method"] == "HEAD" else body
    cycle.transport.write(b"%b%b\r\n%b" % (STATUS_LINE[status], head, shown))
    cycle.response_started = cycle.response_complete = True
    cycle.waiting_for_100_continue = False
    cycle.message_event.set()
    cycle.scope.pop(
        "extensions", None
    )  # it holds this very call: the two would wait for the garbage collector together
    if not (cycle.keep_alive or cycle.more_body):  # with a body still coming, the guard hangs up without a reset
        cycle.transport.close()
    cycle.on_response()
