"""A real Postfix on loopback, with a configuration, a queue and a log of its own; gone with the test."""

from __future__ import annotations

import asyncio
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from tests.ports import free_port

DAEMONS = Path("/usr/lib/postfix/sbin")

_MAIN = """\
compatibility_level = 3.6
queue_directory = {home}/spool
command_directory = {commands}
daemon_directory = {daemons}
data_directory = {home}/data
mail_owner = postfix
setgid_group = postdrop
myhostname = relay.test
mydestination =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
smtpd_relay_restrictions = permit_mynetworks, reject
transport_maps = inline:{{ {transports} }}
recipient_delimiter = +
alias_maps =
alias_database =
local_recipient_maps =
smtp_dns_support_level = disabled
smtp_host_lookup = native
maillog_file = {home}/log
maillog_file_prefixes = {home}
"""
_MASTER = """\
127.0.0.1:{port} inet n - n - - smtpd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
error unix - - n - - error
retry unix - - n - - error
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""


def why_not() -> str:
    """Why Postfix cannot be run here; empty when it can."""
    if shutil.which("postfix", path="/usr/sbin:/usr/bin") is None or not DAEMONS.is_dir():
        return "Postfix is not installed"
    if os.geteuid() != 0:
        return "Postfix is started by root alone"
    try:
        pwd.getpwnam("postfix")
    except KeyError:
        return "there is no user postfix"
    return ""


needs_postfix = pytest.mark.skipif(bool(why_not()), reason=why_not() or "Postfix is here")


class Postfix:
    """Where it listens, and what it says."""

    def __init__(self, home: Path, port: int) -> None:
        self.home = home
        self.port = port

    @property
    def log(self) -> str:
        """Its mail log so far."""
        file = self.home / "log"
        return file.read_text(errors="replace") if file.exists() else ""


@asynccontextmanager
async def a_postfix(transports: Mapping[str, int]) -> AsyncIterator[Postfix]:
    """Domains to the loopback ports their mail is sent on to."""
    home = Path(tempfile.mkdtemp(prefix="heliograph-postfix-"))
    port = free_port()
    try:
        _prepare(home, port, transports)
        command = ["/usr/sbin/postfix", "-c", str(home / "etc")]
        with (home / "out").open("wb") as out:
            running = await asyncio.create_subprocess_exec(
                *command, "start-fg", stdout=out, stderr=out, start_new_session=True
            )
        try:
            await _listening(port, home)
            yield Postfix(home, port)
        finally:
            await asyncio.to_thread(subprocess.run, [*command, "stop"], capture_output=True, timeout=30, check=False)
            async with asyncio.timeout(30):
                await running.wait()
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _prepare(home: Path, port: int, transports: Mapping[str, int]) -> None:
    home.chmod(0o755)  # its daemons are nobody's: they have to reach what is theirs
    for name in ("etc", "spool", "data"):
        (home / name).mkdir(mode=0o755)
    shutil.chown(home / "data", "postfix")
    routes = ", ".join(f"{{{domain}=smtp:[127.0.0.1]:{to}}}" for domain, to in transports.items())
    main = _MAIN.format(home=home, commands="/usr/sbin", daemons=DAEMONS, transports=routes)
    (home / "etc/main.cf").write_text(main)
    (home / "etc/master.cf").write_text(_MASTER.format(port=port))


async def _listening(port: int, home: Path) -> None:
    for _ in range(200):
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.05)
            continue
        writer.close()
        return
    raise RuntimeError(f"Postfix does not start: {(home / 'out').read_text(errors='replace')[-500:]}")
