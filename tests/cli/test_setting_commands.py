"""`settings`, `doctor` and `version`: what is in force, where it came from, whether the machine is fit."""

from __future__ import annotations

import tomllib

import pytest
from tests.cli.terminal import Terminal

from heliograph import __version__

pytestmark = pytest.mark.slow

FILE = """
[server]
port = 9000

[channels.hook]
kind = "webhook"
secrets = ["whsec_bGlnaHRob3VzZS1rZWVwZXJzLXNpZ25pbmcta2V5ISE="]
"""


@pytest.fixture
def configured(terminal: Terminal) -> Terminal:
    (terminal.folder / "heliograph.toml").write_text(FILE)
    return terminal


def test_every_setting_is_shown_with_its_origin_and_no_secret(configured: Terminal) -> None:
    rows = {row["key"]: row for row in configured.ok("settings", "show", "--json").json}
    assert (rows["server.port"]["value"], rows["server.port"]["origin"]) == ("9000", "heliograph.toml:3")
    assert rows["data_dir"]["origin"] == "HELIOGRAPH_DATA_DIR"
    assert rows["channels.inbox.kind"]["origin"] == "default"
    assert rows["channels.hook.secrets"]["value"] == "(secret, not shown)"
    changed = configured.ok("settings", "show", "--changed").out
    assert "heliograph.toml:3" in changed
    assert "bGlnaHRob3VzZS" not in changed
    assert "server.drain" not in changed


def test_one_setting_is_explained_and_an_unknown_one_gets_a_hint(configured: Terminal) -> None:
    told = configured.ok("settings", "explain", "server.port").out
    for part in ("Port to bind", "whole number", "8025", "9000", "heliograph.toml:3", "HELIOGRAPH_SERVER__PORT"):
        assert part in told
    assert configured.ok("settings", "explain", "channels.hook.kind", "--json").json["value"] == '"webhook"'
    hook = configured.ok("settings", "explain", "channels.hook.secrets").out
    assert "bGlnaHRob3VzZS" not in hook
    wrong = configured.run("settings", "explain", "server.prot")
    assert (wrong.code, "Did you mean server.port?" in wrong.err) == (1, True)


def test_the_sample_is_a_settings_file(terminal: Terminal) -> None:
    sample = terminal.ok("settings", "sample").out
    assert tomllib.loads(sample)["channels"] == {"inbox": {"kind": "inbox"}}
    (terminal.folder / "heliograph.toml").write_text(sample)
    rows = terminal.ok("settings", "show", "--json").json
    assert {row["key"] for row in rows if row["origin"] != "default"} == {"data_dir", "channels.inbox.kind"}


def test_the_doctor_is_content_with_a_fresh_gateway_and_not_with_an_open_one(terminal: Terminal) -> None:
    before = {row["subject"]: row["verdict"] for row in terminal.ok("doctor", "--json").json}
    assert before["data folder"] == "warning"
    terminal.ok("company", "add", "Lighthouse Keepers")
    well = {row["subject"]: row for row in terminal.ok("doctor", "--json").json}
    assert {row["verdict"] for subject, row in well.items() if subject != "expat"} == {"ok"}
    assert "wal" in well["journal"]["sentence"]

    (terminal.data / "heliograph.db").chmod(0o644)
    (terminal.data / "demo.json").touch(mode=0o600)
    (terminal.folder / "heliograph.toml").write_text("[server]\nhost = '0.0.0.0'\n")
    ill = terminal.run("doctor", "--json")
    verdicts = {row["subject"]: row["verdict"] for row in ill.json}
    assert ill.code == 1
    assert (verdicts["permissions"], verdicts["reach"], verdicts["demo data"]) == ("bad", "bad", "bad")


def test_the_doctor_finds_a_secret_that_everybody_knows_inside_a_table_too(terminal: Terminal) -> None:
    terminal.ok("company", "add", "Lighthouse Keepers")
    (terminal.folder / "heliograph.toml").write_text(
        '[channels.sms]\nkind = "http_sms"\nprofile = "twilio"\n'
        '[channels.sms.options]\ntwilio_account_sid = "AC1"\ntwilio_auth_token = "changeme"\n'
    )
    found = {row["subject"]: row for row in terminal.run("doctor", "--json").json}
    assert (found["secrets"]["verdict"], "channels.sms.options" in found["secrets"]["sentence"]) == ("bad", True)


def test_the_version_is_told(terminal: Terminal) -> None:
    assert terminal.ok("version", "--json").json["version"] == __version__
    assert terminal.ok("version").out.startswith(f"heliograph {__version__}")
    assert terminal.ok("--version").out.strip() == f"heliograph {__version__}"
