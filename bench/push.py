"""How many notifications a second leave over HTTP/2: the transport beside its rivals, and from the outbox on.

Usage: python bench/push.py transport [requests] [rounds]
       python bench/push.py outbox [deliveries] [nghttpd|node]

This process keeps to one core and the server to another. h2load is the bound.
"""

from __future__ import annotations

import os
import sys
from statistics import median

import uvloop

from push_peers import CLIENTS, serving

WIDTH = 200  # requests under way at once, on one connection
PORT = 18443


async def compare(count: int, rounds: int) -> None:
    """All clients against both servers, in turn, `rounds` times; medians."""
    for name in ("nghttpd", "node"):
        async with serving(name, PORT, core="1") as server:
            seen: dict[str, list[tuple[float, float]]] = {}
            for _ in range(rounds):
                for client, run in CLIENTS.items():
                    figures = await run(server, count, WIDTH)
                    if figures is not None:
                        seen.setdefault(client, []).append(figures)
            bound = median(rate for rate, _ in seen["h2load"]) if "h2load" in seen else float("nan")
            for client in CLIENTS:
                if client not in seen:
                    print(f"{name:<8} {client:<10} not here")
                    continue
                rate = median(rate for rate, _ in seen[client])
                cpu = median(cpu for _, cpu in seen[client])
                print(
                    f"{name:<8} {client:<10} {rate:>9,.0f}/s {cpu:>7.1f} us of CPU each {rate / bound:>7.1%} of h2load"
                )


def main() -> None:
    """Run what was asked for."""
    os.sched_setaffinity(0, {0})
    what, *rest = sys.argv[1:] or ["transport"]
    if what == "transport":
        count, rounds = (int(rest[0]) if rest else 40_000), (int(rest[1]) if len(rest) > 1 else 3)
        uvloop.run(compare(count, rounds))
    else:
        from push_outbox import drain

        uvloop.run(drain(int(rest[0]) if rest else 100_000, rest[1] if len(rest) > 1 else "nghttpd", PORT))


if __name__ == "__main__":
    main()
