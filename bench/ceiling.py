"""The least an ASGI server can do: read the body, answer a constant. Prints its address."""

from __future__ import annotations

import asyncio
import socket

import uvicorn


async def constant(scope, receive, send):  # type: ignore[no-untyped-def]
    """Answer 200 once the body is in."""
    if scope["type"] != "http":
        return
    while (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"{}"})


async def main() -> None:
    """Serve until terminated."""
    listener = socket.create_server(("127.0.0.1", 0))
    print(f"http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
    config = uvicorn.Config(
        constant, loop="uvloop", http="httptools", access_log=False, log_level="error", lifespan="off"
    )
    await uvicorn.Server(config).serve(sockets=[listener])


if __name__ == "__main__":
    import uvloop

    asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
    asyncio.run(main())
