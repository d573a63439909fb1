"""Configured channels are built from what is installed, and whatever is wrong is told by name before serving."""

from __future__ import annotations

from pathlib import Path

import pytest

from heliograph.channels.packages import offered
from heliograph.channels.registry import BUILT_IN, build_channels, kinds, load
from heliograph.cli.doctor import packages as packages_seen
from heliograph.core.errors import BadSetting, BrokenPlugin
from heliograph.observe.redact import SHOWN
from heliograph.testing.scripted import ScriptedChannel
from heliograph.testing.tools import Notebook, some_tools

EVERY = ", ".join(sorted(BUILT_IN))

BROKEN = Path(__file__).parent.parent / "broken"


@pytest.fixture
def packages(monkeypatch: pytest.MonkeyPatch) -> None:
    """The folder of broken packages, as if installed."""
    monkeypatch.syspath_prepend(str(BROKEN))


def test_the_built_in_kinds_are_what_the_table_says() -> None:
    for kind in BUILT_IN:
        assert load(kind).kind == kind
    assert set(BUILT_IN) <= set(kinds())


def test_channels_come_by_their_names_in_the_order_of_the_table() -> None:
    channels = build_channels({"second": {"kind": "stub"}, "inbox": {"kind": "inbox"}}, some_tools())
    assert list(channels) == ["second", "inbox"]


def test_two_channels_of_one_kind_are_two_channels() -> None:
    channels = build_channels({"a": {"kind": "stub"}, "b": {"kind": "stub"}}, some_tools())
    assert channels["a"] is not channels["b"]


def test_a_configured_stub_is_warned_of() -> None:
    log = Notebook()
    build_channels({"trial": {"kind": "stub"}}, some_tools(log=log))
    assert [(level, event, facts["channel"]) for level, event, facts in log.entries] == [
        ("warning", "stub_channel_configured", "trial")
    ]
    assert log.entries[0][2].keys() <= SHOWN


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ({"x": {"kind": "inbx"}}, ["'inbx'", "Did you mean 'inbox'?"]),
        ({"x": {"kind": "carrier-pigeon"}}, ["'carrier-pigeon'", f"Known: {EVERY}"]),
        ({"x": {"kind": ""}}, ["channels.x.kind", "is missing"]),
        ({"x": {"kind": 7}}, ["channels.x.kind"]),
        ({"x": {}}, ["channels.x.kind", "is missing", f"one of {EVERY}"]),
        ({"x y": {"kind": "stub"}}, ["channels.x y", "a channel's name"]),
        ({"": {"kind": "stub"}}, ["a channel's name"]),
        ({"x": {"kind": "stub", "answrs": "accepted"}}, ["channels.x.answrs", "did you mean 'answers'?"]),
        ({"x": {"kind": "inbox", "colour": "red"}}, ["channels.x.colour is not a setting", "known: none"]),
        ({"x": {"kind": "stub", "answers": "maybe"}}, ["channels.x.answers", "'maybe'", "accepted, delivered"]),
        ({"x": {"kind": "stub", "remember": "many"}}, ["channels.x.remember", "integer", "'many'"]),
        ({"x": {"kind": "webhook"}}, ["channels.x.secrets", "required"]),
        ({"x": {"kind": "email", "host": "h", "sender": "me"}}, ["channels.x.sender", "mail address", "'me'"]),
        (
            {"x": {"kind": "email", "host": "h", "sender": "a@b", "security": "none", "username": "u", "port": "no"}},
            ["channels.x.port"],
        ),
    ],
)
def test_a_wrong_table_is_told_by_key_and_value(table: dict[str, dict[str, object]], words: list[str]) -> None:
    with pytest.raises(BadSetting) as wrong:
        build_channels(table, some_tools())
    for word in words:
        assert word in wrong.value.detail


def test_a_wrong_secret_is_told_without_being_shown() -> None:
    with pytest.raises(BadSetting, match=r"channels\.x\.secrets: a secret is") as wrong:
        build_channels({"x": {"kind": "webhook", "secrets": ["whsec_oh-no-my-secret"]}}, some_tools())
    assert "oh-no-my-secret" not in str(wrong.value)
    assert wrong.value.__cause__ is None


@pytest.mark.usefixtures("packages")
def test_an_installed_package_brings_a_kind_of_its_own() -> None:
    channels = build_channels({"loud": {"kind": "whole", "level": 3}}, some_tools())
    assert isinstance(channels["loud"], ScriptedChannel)
    assert "whole" in kinds()


BROKEN_WAYS = {
    "absent": ["no_such_module", "cannot be loaded", "ModuleNotFoundError"],
    "raising": ["raises_on_import", "RuntimeError: the licence dongle is not plugged in"],
    "nameless": ["odd_plugins:MISSING", "AttributeError"],
    "mistaken": ["odd_plugins:MISTAKEN", "a dict where a heliograph Plugin is wanted"],
    "misnamed": ["registered as 'misnamed' and calls itself 'whole'"],
    "unset": ["not a subclass of heliograph.config.settings.Area"],
    "kindly": ["a field `kind`"],
    "uncallable": ["its build cannot be called"],
    "exploding": ["'exploding' failed to build 'x': RuntimeError."],
    "hollow": ["no `async def resolve`"],
    "untrait": ["no `traits` of type Traits"],
    "blocking": ["no `async def send`"],
    "inbox": ["claims the kind 'inbox', which is built in"],
    "twice": ["'twice' is claimed by", "remove one of them"],
}


@pytest.mark.usefixtures("packages")
@pytest.mark.parametrize("kind", sorted(BROKEN_WAYS))
def test_a_broken_package_is_told_by_what_is_broken(kind: str) -> None:
    with pytest.raises(BrokenPlugin) as broken:
        build_channels({"x": {"kind": kind}}, some_tools())
    for word in BROKEN_WAYS[kind]:
        assert word in broken.value.detail


@pytest.mark.usefixtures("packages")
@pytest.mark.parametrize("kind", ["absent", "raising", "mistaken", "misnamed", "unset", "inbox", "twice"])
def test_a_package_that_cannot_be_used_is_named(kind: str) -> None:
    with pytest.raises(BrokenPlugin, match="'broken-plugins'"):
        load(kind)


@pytest.mark.usefixtures("packages")
def test_a_plugin_that_fails_to_build_does_not_tell_the_secret_it_was_given() -> None:
    with pytest.raises(BrokenPlugin) as broken:
        build_channels({"x": {"kind": "exploding", "token": "open-sesame"}}, some_tools())
    assert "open-sesame" not in broken.value.detail


@pytest.mark.usefixtures("packages")
def test_a_broken_package_that_nobody_uses_hurts_nobody() -> None:
    build_channels({"inbox2": {"kind": "stub"}}, some_tools())


@pytest.mark.usefixtures("packages")
def test_the_list_of_kinds_tells_each_package_and_what_is_wrong_with_it() -> None:
    found = {each.kind: each for each in offered()}
    assert set(found) == set(kinds())
    whole, built_in = found["whole"], found["stub"]
    assert (whole.package, whole.version, whole.built_in, whole.trouble) == ("broken-plugins", "1.0", False, "")
    assert (built_in.package, built_in.built_in, built_in.trouble) == ("heliograph", True, "")
    assert found["twice"].package == "broken-plugins and other-package"
    for kind in ("absent", "raising", "mistaken", "misnamed", "unset", "inbox", "twice"):
        assert [word for word in BROKEN_WAYS[kind] if word not in found[kind].trouble] == []


@pytest.mark.usefixtures("packages")
def test_the_doctor_names_packages_that_cannot_be_used() -> None:
    found = {finding.sentence: finding.verdict for finding in packages_seen()}
    assert found["broken-plugins 1.0 brings the kind whole."] == "ok"
    [raising] = [sentence for sentence in found if "licence dongle" in sentence]
    assert found[raising] == "warning"


@pytest.mark.usefixtures("packages")
def test_every_entry_of_the_folder_is_tried() -> None:
    listed = set()
    for file in BROKEN.glob("*.dist-info/entry_points.txt"):
        listed |= {line.split(" = ")[0] for line in file.read_text().splitlines() if " = " in line}
    assert listed == {*BROKEN_WAYS, "whole"}
