"""File, environment, flags; and every way of getting one wrong."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, Field, SecretStr

from heliograph.config.load import Loaded, known_keys, load
from heliograph.config.settings import Area, Settings
from heliograph.config.sources import key_lines
from heliograph.core.errors import BadSetting


class PostSettings(Area):
    """A kind of channel that only these tests have."""

    secret: SecretStr
    office: str = "main"
    boxes: list[int] = Field([1])


def post_only(kind: str) -> type[BaseModel]:
    if kind == "inbox":
        return type("Nothing", (Area,), {"__module__": __name__})
    if kind != "post":
        raise BadSetting(f"There is no kind of channel {kind!r}. Did you mean 'post'?")
    return PostSettings


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "heliograph.toml"


def loaded(file: Path, text: str, environ: Mapping[str, str] = {}, flags: Mapping[str, Any] = {}) -> Loaded:
    file.write_text(text, encoding="utf-8")
    return load(file, environ, flags, channel_model=post_only)


def complaint(file: Path, text: str, environ: Mapping[str, str] = {}, flags: Mapping[str, Any] = {}) -> str:
    with pytest.raises(BadSetting) as caught:
        loaded(file, text, environ, flags)
    return caught.value.detail


def test_without_anything_the_defaults_hold_and_there_is_an_inbox(file: Path) -> None:
    found = loaded(file, "")
    assert found.settings == Settings()
    assert found.settings.channels == {"inbox": {"kind": "inbox"}}
    assert set(found.origins.values()) == {"default"}


def test_a_flag_beats_the_environment_which_beats_the_file(file: Path) -> None:
    text = "[server]\nport = 1001\nhost = '::1'\nbody_limit = 5000\n"
    environ = {"HELIOGRAPH_SERVER__PORT": "1002", "HELIOGRAPH_SERVER__HOST": "127.0.0.2"}
    found = loaded(file, text, environ, {"server.port": 1003, "server.host": None})
    assert (found.settings.server.port, found.settings.server.host) == (1003, "127.0.0.2")
    assert found.settings.server.body_limit == 5000
    assert found.origins["server.port"] == "flag"
    assert found.origins["server.host"] == "HELIOGRAPH_SERVER__HOST"
    assert found.origins["server.body_limit"] == f"{file}:4"
    assert found.origins["server.drain"] == "default"


def test_every_setting_has_an_origin(file: Path) -> None:
    assert set(known_keys()) <= set(loaded(file, "").origins)


def test_the_environment_reads_lists_by_commas_and_tables_as_json(file: Path) -> None:
    environ = {
        "HELIOGRAPH_OUTBOUND__ALLOW": "10.0.0.0/8, ::1/128",
        "HELIOGRAPH_OUTBOUND__PORTS": "[80, 8080]",
        "HELIOGRAPH_PUSH__ROUTES": '{"Apple": "inbox"}',
        "HELIOGRAPH_DISPATCH__ENABLED": "false",
    }
    settings = loaded(file, "", environ).settings
    assert settings.outbound.allow == [ip_network("10.0.0.0/8"), ip_network("::1/128")]
    assert settings.outbound.ports == [80, 8080]
    assert settings.push.routes == {"Apple": "inbox"}
    assert settings.dispatch.enabled is False


def test_the_file_is_the_one_given_or_named_by_the_environment_or_beside_us(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, port in (("given", 1), ("named", 2), ("heliograph", 3)):
        (tmp_path / f"{name}.toml").write_text(f"server.port = {port}")
    monkeypatch.chdir(tmp_path)
    named = {"HELIOGRAPH_CONFIG": "named.toml"}
    assert load(Path("given.toml"), named, {}).settings.server.port == 1
    assert load(None, named, {}).settings.server.port == 2
    assert load(None, {}, {}).settings.server.port == 3


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("[server]\n\nprot = 1", 3, "server.prot is not a setting. Did you mean server.port?"),
        ("[servr]\nport = 1", 2, "servr is not a setting. Did you mean server?"),
        ("[server]\nlease = 1", 2, "server.lease is not a setting. Did you mean dispatch.lease?"),
        ("[dispatch]\nlease.seconds = 1", 2, "dispatch.lease cannot be {'seconds': 1}."),
        ("[server]\nport = 'eighty'", 2, "server.port cannot be 'eighty'. Expected: a valid integer"),
        ("[server]\nport = 65536", 2, "server.port cannot be 65536. Expected: less than or equal to 65535."),
        ("server = 5", 1, "server cannot be 5."),
        ("[log]\nlevel = 'loud'", 2, "log.level cannot be 'loud'. Expected: 'debug', 'info', 'warning' or 'error'."),
        ("[outbound]\nallow = ['10.0.0.0/33']", 2, "outbound.allow.0 cannot be '10.0.0.0/33'."),
        ("[server]\ntls_cert = 'a.pem'", 2, "server.tls_cert needs server.tls_key beside it."),
        ("[channels.mail]\noffice = 'x'", 2, "channels.mail has no kind"),
        ("[channels.mail]\nkind = 'pots'", 2, "channels.mail.kind: There is no kind of channel 'pots'."),
        ("[channels.mail]\nkind = 'post'", 2, "channels.mail.secret is missing"),
        (
            "[channels.mail]\nkind = 'post'\nsecret = 's'\nofice = 1",
            4,
            "channels.mail.ofice is not a setting. Did you mean channels.mail.office?",
        ),
    ],
)
def test_a_mistake_in_the_file_is_told_with_its_line(file: Path, text: str, line: int, says: str) -> None:
    told = complaint(file, text)
    assert told.startswith(f"{file}:{line}: {says}"), told


def test_a_mistake_in_the_environment_is_told_with_its_variable(file: Path) -> None:
    told = complaint(file, "", {"HELIOGRAPH_SERVER__PROT": "1"})
    assert told == "HELIOGRAPH_SERVER__PROT: server.prot is not a setting. Did you mean server.port?"
    assert complaint(file, "", {"HELIOGRAPH_PORT": "80"}).endswith("Did you mean server.port?")
    assert complaint(file, "", {"HELIOGRAPH_SERVER": "80"}).startswith("HELIOGRAPH_SERVER: server cannot be '80'.")


def test_variables_that_only_share_the_prefix_are_left_alone(file: Path) -> None:
    links = {"HELIOGRAPH_PORT": "tcp://10.0.0.1:80", "HELIOGRAPH_SERVICE_HOST": "10.0.0.1"}
    links |= {"HELIOGRAPH_PORT_80_TCP_ADDR": "10.0.0.1", "HELIOGRAPH_SERVICE_PORT": "80"}
    others = {"HELIOGRAPH_IMAGE": "v1", "HELIOGRAPH_SECRET_KEY": "k", "HOME": "/"}
    assert loaded(file, "", links | others).settings == Settings()


@pytest.mark.parametrize("environ", [{}, {"HELIOGRAPH_CHANNELS__MAIL__SECRET": "[hunter2"}])
def test_a_secret_is_never_shown_in_a_complaint(file: Path, environ: dict[str, str]) -> None:
    told = complaint(file, "[channels.mail]\nkind = 'post'\nsecret = ['hunter2']\nboxes = 'x'", environ)
    assert "hunter2" not in told
    assert "channels.mail." in told


def test_a_channels_table_takes_the_environment_too(file: Path) -> None:
    environ = {"HELIOGRAPH_CHANNELS__MAIL__SECRET": "s", "HELIOGRAPH_CHANNELS__MAIL__BOXES": "3,4"}
    found = loaded(file, "[channels.mail]\nkind = 'post'\n", environ)
    assert found.settings.channels["mail"] == {"kind": "post", "secret": "s", "boxes": ["3", "4"]}
    assert found.origins["channels.mail.boxes"] == "HELIOGRAPH_CHANNELS__MAIL__BOXES"
    assert "inbox" in found.settings.channels


@pytest.mark.parametrize(
    ("content", "says"),
    [(b"= 1", "is not valid TOML"), (b"\xff", "it is not UTF-8"), (None, "No such file")],
)
def test_a_file_that_cannot_be_read_is_told(file: Path, content: bytes | None, says: str) -> None:
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(BadSetting, match=says):
        load(file, {}, {})


def test_line_numbers_survive_comments_quotes_and_long_strings() -> None:
    text = '# a\n[one]\n"two words" = """\nthree = 3\n"""\nfour.five = 4\n[[six]]\nseven = 7\n'
    lines = key_lines(text)
    assert lines[("one", "two words")] == 3
    assert lines[("one", "four", "five")] == 6
    assert lines[("six", "seven")] == 8
    assert ("one", "three") not in lines
