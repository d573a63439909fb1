"""The page at / and the health answer: what this is, where its doors are, whether it is well."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import structlog
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from heliograph.edge.contract.versions import AGENTS, VERSIONS, has_agent
from heliograph.edge.http.browsers import page_headers, source_hash
from heliograph.edge.mark import mark
from heliograph.edge.markup import Child, Html, document, flow, tag
from heliograph.edge.rest.own import as_json

#: Facts about the gateway's health, "status" among them: "ok" or "degraded".
Health = Callable[[], Awaitable[Mapping[str, Any]]]

log = structlog.get_logger(__name__)

_STYLE = """
:root{color-scheme:light dark;--ink:#1c2430;--dim:#5b6675;--line:#dfe3e8;--ground:#fbfaf7;--card:#fff;--sun:#b3541e;--ok:#1f7a4d}
@media (prefers-color-scheme:dark){:root{--ink:#e7e9ec;--dim:#98a2b0;--line:#2b333f;--ground:#12161c;--card:#191f27;--sun:#f0a35e;--ok:#6fcf97}}
*{box-sizing:border-box}
body{margin:0;background:var(--ground);color:var(--ink);font:16px/1.6 system-ui,-apple-system,"Segoe UI",sans-serif}
main{max-width:46rem;margin:0 auto;padding:3.5rem 1.25rem 4rem}
header{display:flex;gap:1rem;align-items:center;margin-bottom:2rem}
svg{flex:none;width:3rem;height:3rem;color:var(--sun)}
h1{margin:0;font-size:1.75rem;line-height:1.2;letter-spacing:-.01em}
header p{margin:.15rem 0 0;color:var(--dim)}
h2{margin:2.25rem 0 .6rem;font-size:1rem;letter-spacing:.02em}
a{color:var(--sun);text-underline-offset:.2em}
a:focus-visible{outline:2px solid var(--sun);outline-offset:2px;border-radius:2px}
.text{white-space:pre-wrap;overflow-wrap:anywhere}
h1{overflow-wrap:anywhere}
code{font:.9em/1.5 ui-monospace,SFMono-Regular,Menlo,monospace;overflow-wrap:anywhere}
.state{display:inline-block;margin-left:.5rem;padding:0 .6rem;border:1px solid currentColor;border-radius:1rem;font-size:.85rem}
.ok{color:var(--ok)}.degraded{color:var(--sun)}
dl,.table{margin:0;background:var(--card);border:1px solid var(--line);border-radius:.6rem}
dl{padding:.35rem 1rem}
dl div{display:flex;flex-wrap:wrap;gap:.1rem 1rem;padding:.5rem 0;border-top:1px solid var(--line)}
dl div:first-child{border-top:0}
dt{flex:1 1 19rem}dd{margin:0;flex:1 1 14rem;color:var(--dim)}
.table{overflow-x:auto}
table{width:100%;border-collapse:collapse;font-size:.95rem}
th,td{padding:.4rem 1rem;text-align:left;border-top:1px solid var(--line);white-space:nowrap}
tr:first-child th,tr:first-child td{border-top:0}
th{font-weight:600}
button{font:inherit;font-weight:600;padding:.5rem 1.5rem;margin:1rem .5rem 0 0;color:var(--ink);background:var(--card);border:1px solid var(--line);border-radius:.6rem;cursor:pointer}
button:focus-visible{outline:2px solid var(--sun);outline-offset:2px}
form.answer{display:flex;gap:.75rem;max-width:24rem}
form.answer button{flex:1;min-height:3.25rem;margin:1.25rem 0 0}
""".strip()

_MARK = mark(fill="none", stroke="currentColor", stroke_width=3, stroke_linecap="round")
_POLICY = (
    f"default-src 'none'; style-src {source_hash(_STYLE)}; base-uri 'none'; form-action {{}}; frame-ancestors 'none'"
)
_HEADERS = page_headers(_POLICY.format("'none'"), cache="no-cache")
#: Of a page with a button, at an address that is a key.
KEYED = page_headers(_POLICY.format("'self'"), cache="no-store") | {"x-robots-tag": "noindex"}

_DOORS = (
    ("POST /api/v1/Agents/{Agent}/{Method}", "The agents in JSON, XML or a form."),
    ("POST /api/v2/push", "A push to one user, by integration key. JSON or XML."),
    ("GET /api/v2/inbox", "The signed-in user's inbox; /stream for live events."),
    ("GET /api/v2/messages/{id}", "What became of a message."),
    ("POST /Remote/ServicesNN/{Agent}.svc", "The SOAP agents, version by version."),
)
_WAYS_IN = (
    tag("a", "Open your inbox", href="/inbox"),
    ". Operators: ",
    tag("a", "the console", href="/console"),
    ". Programs: ",
    tag("a", "try the doors in the API explorer", href="/apiexplorer"),
    ", or read ",
    tag("a", "openapi.json", href="/openapi.json"),
    ".",
)


class Pages:
    """What a browser and a load balancer ask for."""

    def __init__(self, health: Health, version: str) -> None:
        self._health = health
        self._version = version

    def routes(self) -> list[Route]:
        """The two addresses."""
        return [Route("/", self.front, methods=["GET"]), Route("/healthz", self.healthz, methods=["GET"])]

    async def front(self, request: Request) -> Response:
        """The landing page."""
        facts = await self._facts()
        return HTMLResponse(_front(str(facts["status"]), self._version), headers=_HEADERS)

    async def healthz(self, request: Request) -> Response:
        """The facts as JSON; 503 while degraded, so that a load balancer looks elsewhere."""
        facts = await self._facts()
        return as_json(facts, 200 if facts["status"] == "ok" else 503)

    async def _facts(self) -> dict[str, Any]:
        try:
            return {"version": self._version, **await self._health()}
        except Exception:
            log.exception("the health check failed")
            return {"version": self._version, "status": "degraded"}


def not_found() -> Response:
    """The page for an address that is none."""
    body = tag("p", "There is nothing at this address. ", tag("a", "The doors are listed here.", href="/"))
    return HTMLResponse(page("Not found", "Heliograph", "Not found", body), status_code=404, headers=_HEADERS)


def _front(status: str, version: str) -> str:
    state = "ok" if status == "ok" else "degraded"
    tagline = flow(
        f"A self-hosted message and push gateway, version {version}",
        tag("a", state, class_=f"state {state}", href="/healthz"),
    )
    doors = [tag("div", tag("dt", tag("code", door)), tag("dd", what)) for door, what in _DOORS]
    body = flow(
        tag("h2", "Doors"),
        tag("dl", doors),
        tag("p", _WAYS_IN),
        tag("h2", "SOAP contracts"),
        tag("div", tag("table", tag("tbody", map(_contracts, reversed(VERSIONS)))), class_="table"),
    )
    return page("Heliograph", "Heliograph", tagline, body)


def _contracts(version: int) -> Html:
    """A row of the table: a version's agents, each with its description."""
    cells = [tag("td", _wsdl_link(version, agent) if has_agent(version, agent) else None) for agent in AGENTS]
    return tag("tr", tag("th", f"Services{version}", scope="row"), cells)


def _wsdl_link(version: int, agent: str) -> Html:
    return tag("a", agent, href=f"/Remote/Services{version}/{agent}.svc?wsdl")


def page(title: Child, heading: Child, tagline: Child, body: Child) -> str:
    """A whole page."""
    header = tag("header", _MARK, tag("div", tag("h1", heading), tag("p", tagline)))
    return document(title, tag("style", Html(_STYLE)), tag("main", header, body))
