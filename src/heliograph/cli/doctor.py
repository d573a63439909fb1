"""`heliograph doctor`: is this machine and this set-up fit to run a gateway."""

from __future__ import annotations

import pyexpat
import shutil
import stat
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import apsw
import msgspec
import typer
from lxml import etree
from pydantic import SecretStr

from heliograph.channels import registry
from heliograph.channels.packages import offered
from heliograph.cli.common import NOTHING, ConfigOption, DataOption, JsonOption, loaded_from, opened, run
from heliograph.cli.output import console, plain, print_json, table
from heliograph.config.channels import plugin_values
from heliograph.config.settings import Settings
from heliograph.edge.http.address import loopback

SAFE_SQLITE = (3, 51, 3)  # older ones can corrupt a database when its WAL file is reset
SAFE_EXPAT = (2, 6, 4)
SAFE_LIBXML = (2, 13, 0)
LOW_DISK, NO_DISK = 1024**3, 128 * 1024**2  # bytes
_WELL_KNOWN = {"secret", "password", "changeme", "change-me", "admin", "test", "demo", "12345678"}


class Finding(msgspec.Struct, frozen=True):
    """One thing looked at."""

    verdict: str  # ok, warning, bad
    subject: str
    sentence: str


def doctor(config: ConfigOption = None, data: DataOption = None, json: JsonOption = False) -> None:
    """Look at versions, the store, the disk, permissions and secrets; say what is not as it should be.

    Exit code 1 when something is bad; warnings leave it 0.
    """
    settings = loaded_from(config, data).settings
    findings = [
        *libraries(),
        *folder(settings.data_dir),
        *(run(_store(config, data)) if settings.data_dir.is_dir() else ()),
        *exposure(settings),
        *secrets(settings),
        *packages(),
    ]
    if json:
        print_json(findings)
    else:
        marks = {"ok": "[green]ok[/]", "warning": "[yellow]warning[/]", "bad": "[red]bad[/]"}
        rows = [(marks[found.verdict], found.subject, plain(found.sentence, 500)) for found in findings]
        console().print(table(("", "", ""), rows))
    if any(found.verdict == "bad" for found in findings):
        raise typer.Exit(NOTHING)


def libraries() -> Iterator[Finding]:
    """The libraries that read and keep what strangers send."""
    yield _at_least("SQLite", tuple(map(int, apsw.sqlite_lib_version().split("."))), SAFE_SQLITE)
    yield _at_least("libxml2", etree.LIBXML_VERSION, SAFE_LIBXML)
    yield _at_least("expat", pyexpat.version_info, SAFE_EXPAT, otherwise="warning")  # nothing of ours is read by it
    yield Finding("ok", "lxml", ".".join(map(str, etree.LXML_VERSION[:3])))


def _at_least(name: str, found: tuple[int, ...], wanted: tuple[int, ...], *, otherwise: str = "bad") -> Finding:
    shown, safe = ".".join(map(str, found)), ".".join(map(str, wanted))
    if found >= wanted:
        return Finding("ok", name, shown)
    return Finding(otherwise, name, f"{shown} has known faults; {safe} or newer is wanted.")


def folder(path: Path) -> Iterator[Finding]:
    """The data folder's disk and who may look into it."""
    if not path.is_dir():
        yield Finding("warning", "data folder", f"{path} is not there yet; the first start makes it.")
        return
    free = shutil.disk_usage(path).free
    verdict = "bad" if free < NO_DISK else "warning" if free < LOW_DISK else "ok"
    yield Finding(verdict, "free disk", f"{free / 1024**3:.1f} GiB where {path} is.")
    open_to_others = [
        found.name or str(found) for found in (path, *path.iterdir()) if _others_may(found) and found.name != "scripts"
    ]
    if open_to_others:
        names = ", ".join(sorted(open_to_others))
        yield Finding("bad", "permissions", f"Others may read {names} in {path}: chmod -R go= {path}")
    else:
        yield Finding("ok", "permissions", f"Nobody but the owner may look into {path}.")


def _others_may(path: Path) -> bool:
    return bool(stat.S_IMODE(path.stat().st_mode) & 0o077)


async def _store(config: Path | None, data: Path | None) -> list[Finding]:
    async with opened(config, data) as gateway:
        facts = {str(key): str(value) for key, value in gateway.store.facts().items()}
        endpoints = await gateway.notices.service.trouble()
    return [*store(facts), *webhooks(endpoints)]


def webhooks(trouble: Mapping[str, int]) -> Iterator[Finding]:
    """Endpoints of event notifications that cannot be reached; silent where all is well."""
    if any(trouble.values()):
        sentence = f"{trouble['failing']} endpoints fail and {trouble['disabled']} were disabled for it: webhooks list"
        yield Finding("warning", "event notifications", sentence)


def store(facts: dict[str, str]) -> Iterator[Finding]:
    """How the database keeps what it promised to keep."""
    journal, synchronous = facts.get("journal", ""), facts.get("synchronous", "")
    yield Finding("ok" if journal.lower() == "wal" else "bad", "journal", f"{journal}; WAL is wanted.")
    full = synchronous.lower() in ("2", "full", "3", "extra")
    yield Finding("ok" if full else "bad", "synchronous", f"{synchronous}; FULL is what makes accepted mean on disk.")


def exposure(settings: Settings) -> Iterator[Finding]:
    """Who can reach the gateway, and whether they can listen in."""
    server = settings.server
    if loopback(server.host):
        yield Finding("ok", "reach", f"Listens on {server.host} only.")
    elif server.tls_cert or server.public_url.startswith("https://"):
        yield Finding("ok", "reach", f"Listens on {server.host}, over TLS or behind a proxy that has it.")
    else:
        yield Finding(
            "bad", "reach", f"Listens on {server.host} without TLS: tickets, keys and passwords can be read on the way."
        )
    if (settings.data_dir / "demo.json").exists():
        verdict = "warning" if loopback(server.host) else "bad"
        yield Finding(verdict, "demo data", "The folder holds a demo whose passwords stand in demo.json.")


def packages() -> Iterator[Finding]:
    """Installed channel packages, and whether each can be used; the gateway starts without those that nobody configured."""
    for kind in offered():
        if kind.trouble:
            yield Finding("warning", "channel package", kind.trouble)
        elif not kind.built_in:
            yield Finding("ok", "channel package", f"{kind.package} {kind.version} brings the kind {kind.kind}.")


def _each(given: object) -> Iterable[object]:
    """A setting's value, or each of a list's or table's."""
    if isinstance(given, dict):
        return given.values()
    return given if isinstance(given, list | tuple) else [given]


def secrets(settings: Settings) -> Iterator[Finding]:
    """Secrets that everybody knows, by setting."""
    weak = []
    for name, values in settings.channels.items():
        model = registry.load(values["kind"]).settings
        options = model.model_validate(plugin_values(values))
        for field in model.model_fields:
            given = getattr(options, field)
            for secret in _each(given):
                if isinstance(secret, SecretStr) and secret.get_secret_value().lower() in _WELL_KNOWN:
                    weak.append(f"channels.{name}.{field}")
    if weak:
        yield Finding("bad", "secrets", f"Anybody could guess {', '.join(weak)}.")
    else:
        yield Finding("ok", "secrets", "None that everybody knows.")
