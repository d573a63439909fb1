"""Fakes for rehearsals: made with keys of their own, described by settings that a gateway can be started with."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec

from heliograph.channels.webpush.vapid import new_key_pair
from heliograph.testing.apns import account, pem_of
from heliograph.testing.certificates import Authority
from heliograph.testing.fcm import EMAIL, PROJECT, account_file, new_account_key
from heliograph.testing.servers.apns import ApnsServer, new_signing_key, said
from heliograph.testing.servers.fcm import TOKEN_PATH, FcmServer, error
from heliograph.testing.servers.http2 import Answer, Fault, Http2Server
from heliograph.testing.servers.provider import Provider
from heliograph.testing.servers.webpush import WebPushServer
from heliograph.testing.servers.webpush import refused as web_push_refused
from heliograph.testing.stage import ca_file, fill

KEY_ID, TEAM_ID = "REHEARSAL1", "REHEARSAL0"


@dataclass(frozen=True, kw_only=True)
class Rehearsal:
    """A fake that can be entered, what is written into its folder once it listens, and how its answers are read."""

    kind: str
    fake: Provider
    authority: Authority
    files: Callable[[Path], dict[str, str]]  # from the folder to names and contents
    refusal: Callable[[int, str], Answer]

    @property
    def server(self) -> Http2Server:
        """Where the requests are seen."""
        return self.fake.server

    def script(self, text: str) -> None:
        """Give this answer next, whatever is asked: `410 Unregistered`, or the word of a fault. Raises ValueError."""
        self.server.insist(read_answer(text, self.refusal), spare=TOKEN_PATH)

    def write(self, folder: Path) -> Path:
        """The certificate authority, the keys and the settings, for nobody else to read. Returns the settings file."""
        ca = {ca_file(folder, self.kind).name: self.authority.pem.decode("ascii")}
        fill(folder, ca | self.files(folder.absolute()))
        return folder / f"{self.kind}.toml"


def apns(topic: str, environment: str, port: int) -> Rehearsal:
    """Apple's service for one app."""
    authority, key = Authority("Heliograph rehearsal"), new_signing_key()
    keys = {KEY_ID: account(key, team_id=TEAM_ID)}
    fake = ApnsServer(authority, topics={topic}, keys=keys, environment=environment, port=port)

    def files(folder: Path) -> dict[str, str]:
        name = f"AuthKey_{KEY_ID}.p8"
        channel = {
            "topic": topic,
            "environment": environment,
            "key_file": str(folder / name),
            "key_id": KEY_ID,
            "team_id": TEAM_ID,
            "endpoint": fake.url,
        }
        return {
            name: pem_of(key),
            "apns.toml": _settings("apns", folder, channel, ("Apple", "AppleAdHoc", "AppleDeveloper")),
        }

    def refusal(status: int, reason: str) -> Answer:
        return said(status, reason, timestamp=int(time.time() * 1000)) if status == 410 else said(status, reason)

    return Rehearsal(kind="apns", fake=fake, authority=authority, files=files, refusal=refusal)


def fcm(port: int) -> Rehearsal:
    """Google's servers for one project."""
    authority, key = Authority("Heliograph rehearsal"), new_account_key()
    fake = FcmServer(authority, email=EMAIL, project=PROJECT, public_key=key.public_key(), port=port)

    def files(folder: Path) -> dict[str, str]:
        channel = {"service_account_file": str(folder / "service-account.json"), "endpoint": fake.url}
        return {
            "service-account.json": account_file(pem_of(key), fake.token_uri),
            "fcm.toml": _settings("fcm", folder, channel, ("Google", "GoogleDeveloper")),
        }

    def refusal(status: int, code: str) -> Answer:
        return error(status, code, code=code)

    return Rehearsal(kind="fcm", fake=fake, authority=authority, files=files, refusal=refusal)


def webpush(port: int) -> Rehearsal:
    """A push service and one browser, whose subscription is written as a device to register."""
    authority, (private, public) = Authority("Heliograph rehearsal"), new_key_pair()
    fake = WebPushServer(authority, port=port)

    def files(folder: Path) -> dict[str, str]:
        browser = fake.subscribe(server_key=public)
        channel: dict[str, str | list[str]] = {
            "private_key": private,
            "subject": "mailto:keeper@example.com",
            "services": [fake.url.removeprefix("https://")],
        }
        device = {"subscription": browser.as_json(), "name": "A rehearsed browser"}
        return {
            "device.json": msgspec.json.encode(device).decode() + "\n",
            "webpush.toml": _settings("webpush", folder, channel, ("WebPush",)),
        }

    return Rehearsal(kind="webpush", fake=fake, authority=authority, files=files, refusal=web_push_refused)


def read_answer(text: str, refusal: Callable[[int, str], Answer]) -> Answer:
    """`200`, `410 Unregistered`, or the word of a fault such as `stall`. Raises ValueError saying what is known."""
    words = text.split()
    if text.strip() in {fault.value for fault in Fault if fault}:
        return Answer(fault=Fault(text.strip()))
    if 1 <= len(words) <= 2 and words[0].isdigit() and 200 <= int(words[0]) <= 599:
        return refusal(int(words[0]), words[1] if len(words) == 2 else "")
    known = ", ".join(fault.value for fault in Fault if fault)
    raise ValueError(f"an answer is a status and a reason, like '410 Unregistered', or one of: {known}")


def _settings(kind: str, folder: Path, channel: Mapping[str, str | list[str]], platforms: tuple[str, ...]) -> str:
    lines = [
        "[outbound]",
        'allow = ["127.0.0.0/8"]',
        f"ca_file = {_quoted(str(ca_file(folder, kind)))}",
        "",
        "[channels.inbox]",
        'kind = "inbox"',
        "",
        f"[channels.{kind}]",
        f'kind = "{kind}"',
        *(f"{key} = {_quoted(value)}" for key, value in channel.items()),
        "",
        "[push.routes]",
        *(f'{platform} = "{kind}"' for platform in platforms),
    ]
    return "\n".join(lines) + "\n"


def _quoted(value: str | list[str]) -> str:
    """A basic string of TOML, or a list of them: JSON's are a part of those."""
    return msgspec.json.encode(value).decode()
