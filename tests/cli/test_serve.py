"""`serve`: says where it listens, stops when told, and tells in one line why it cannot begin."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import ssl
import subprocess
import threading
import time
import urllib.request
from typing import Any

import pytest
from tests.cli.terminal import Terminal, line_with

from heliograph.testing.certificates import Authority

pytestmark = pytest.mark.slow


def address(process: subprocess.Popen[str]) -> str:
    return line_with(process, "listens on").split()[-1]


def test_it_says_where_it_listens_answers_there_and_ends_with_code_0(terminal: Terminal) -> None:
    with terminal.running("serve", "--port", "0") as gateway:
        url = address(gateway)
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+", url)
        with urllib.request.urlopen(f"{url}/healthz", timeout=60) as answer:  # noqa: S310 - our own address
            assert json.load(answer)["status"] == "ok"
    assert gateway.returncode == 0
    assert not (terminal.data.stat().st_mode & 0o077)


def test_ctrl_c_ends_it_as_well(terminal: Terminal) -> None:
    with terminal.running("serve", "--port", "0") as gateway:
        address(gateway)
        gateway.send_signal(signal.SIGINT)
        assert gateway.wait(timeout=60) == 0


def test_a_request_that_is_running_when_it_is_told_to_stop_is_answered(
    terminal: Terminal, company: dict[str, Any]
) -> None:
    terminal.ok("user", "add", "anna", "--email", "anna@example.com")
    body = json.dumps(
        {
            "UserEmail": "anna@example.com",
            "Title": "t",
            "Body": "b",
            "CompanyId": company["company_id"],
            "IntegrationKey": company["integration_key"],
        }
    ).encode()
    with terminal.running("serve", "--port", "0") as gateway:
        host, port = address(gateway).removeprefix("http://").split(":")
        with socket.create_connection((host, int(port)), timeout=60) as line:
            head = f"POST /api/v2/push?format=json HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n"
            line.sendall(f"{head}Expect: 100-continue\r\nContent-Length: {len(body)}\r\n\r\n".encode())
            assert line.recv(4096).startswith(b"HTTP/1.1 100")  # the server is now in the middle of this request
            line.sendall(body[:10])
            gateway.send_signal(signal.SIGTERM)
            time.sleep(0.3)
            line.sendall(body[10:])
            assert line.recv(4096).startswith(b"HTTP/1.1 200")
    [message] = terminal.ok("message", "list", "--json").json
    assert message["content"]["title"] == "t"


def test_it_serves_https_with_a_certificate(terminal: Terminal) -> None:
    authority = Authority()
    chain, key = authority.files(terminal.folder, "127.0.0.1")
    with terminal.running("serve", "--port", "0", "--tls-cert", str(chain), "--tls-key", str(key)) as gateway:
        url = address(gateway)
        assert url.startswith("https://")
        trust = ssl.create_default_context(cadata=authority.pem.decode())
        with urllib.request.urlopen(f"{url}/healthz", timeout=60, context=trust) as answer:  # noqa: S310 - our own address
            assert answer.status == 200


def test_what_it_cannot_begin_with_is_one_line_and_code_2(terminal: Terminal) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        (terminal.folder / "wrong.toml").write_text("[server]\nprot = 1\n")
        (terminal.folder / "no-channel.toml").write_text("[push]\ninbox = 'post'\n")
        (terminal.folder / "odd-kind.toml").write_text("[channels.mail]\nkind = 'emial'\n")
        for words, says in (
            (("--port", port), "cannot listen on 127.0.0.1"),
            (("--port", "70000"), "server.port cannot be 70000"),
            (("--config", "wrong.toml"), "wrong.toml:2: server.prot is not a setting. Did you mean server.port?"),
            (("--config", "missing.toml"), "missing.toml cannot be read"),
            (("--config", "no-channel.toml"), "there is no channel 'post'"),
            (("--config", "odd-kind.toml"), "Did you mean 'email'?"),
            (("--tls-cert", "a.pem"), "server.tls_cert needs server.tls_key"),
            (("--tls-cert", "a.pem", "--tls-key", "b.pem"), "server.tls_cert"),
            (("--data", "/proc/nothing"), "/proc/nothing cannot be used"),
        ):
            ran = terminal.run("serve", *words)
            assert (ran.code, ran.out) == (2, ""), ran.out + ran.err
            [line] = ran.err.splitlines()
            assert line.startswith("heliograph: ")
            assert says in line


def test_the_environment_is_read_and_a_misspelt_variable_told(terminal: Terminal) -> None:
    ran = terminal.run("serve", environ={"HELIOGRAPH_SERVER__PROT": "1"})
    assert ran.code == 2
    assert "HELIOGRAPH_SERVER__PROT: server.prot is not a setting. Did you mean server.port?" in ran.err


def test_two_signals_do_no_more_than_one(terminal: Terminal) -> None:
    with terminal.running("serve", "--port", "0") as gateway:
        address(gateway)
        for _ in range(2):
            threading.Thread(target=os.kill, args=(gateway.pid, signal.SIGTERM)).start()
        assert gateway.wait(timeout=60) == 0
