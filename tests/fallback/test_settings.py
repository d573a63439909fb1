"""A fallback is settings: told by name when it is wrong, before anything starts."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from heliograph.channels import registry
from heliograph.config.channels import FallbackSettings, fallbacks
from heliograph.config.load import Loaded, load
from heliograph.core.errors import BadSetting
from heliograph.core.fallback import Reason


def read(folder: Path, text: str, **environ: str) -> Loaded:
    file = folder / "heliograph.toml"
    file.write_text(text)
    return load(file, environ, {}, channel_model=lambda kind: registry.load(kind).settings)


def chain(*names: str) -> dict[str, Any]:
    """Each falls back on the next; the last on nothing unless it is there before."""
    table: dict[str, Any] = {name: {"kind": "stub"} for name in names}
    for name, to in pairwise(names):
        table[name]["fallback"] = {"to": to}
    return table


def test_a_channel_names_another_for_what_it_could_not_bring(tmp_path: Path) -> None:
    text = '[channels.a]\nkind = "stub"\nfallback = {to = "inbox", on = ["no_receipt"], after = 300}\n'
    loaded = read(tmp_path, text)
    assert fallbacks(loaded.settings.channels) == {
        "a": FallbackSettings(to="inbox", on=[Reason.NO_RECEIPT], after=300.0)
    }
    assert loaded.origins["channels.a.fallback.to"].startswith(str(tmp_path))


def test_it_may_come_from_the_environment(tmp_path: Path) -> None:
    said = {"TO": "inbox", "ON": "refused, paused", "AFTER": "60"}
    environ = {f"HELIOGRAPH_CHANNELS__A__FALLBACK__{key}": value for key, value in said.items()}
    loaded = read(tmp_path, '[channels.a]\nkind = "stub"\n', **environ)
    assert fallbacks(loaded.settings.channels)["a"].on == [Reason.REFUSED, Reason.PAUSED]


@pytest.mark.parametrize(
    ("fallback", "words"),
    [
        ('{to = "nowhere"}', ["channels.a.fallback.to", "no channel 'nowhere'", "Configured: inbox, a"]),
        ('{to = "a"}', ["in a circle (a -> a)"]),
        ("{}", ["channels.a.fallback.to", "missing"]),
        ('{to = "inbox", on = ["rain"]}', ["channels.a.fallback.on", "'rain'", "'refused'"]),
        ('{to = "inbox", on = []}', ["names no reason"]),
        ('{to = "inbox", on = ["no_receipt"]}', ["`after`", "no_receipt"]),
        ('{to = "inbox", on = ["paused", "refused"]}', ["`after`", "paused"]),
        ('{to = "inbox", after = -1}', ["channels.a.fallback.after", "0"]),
        ('{to = "inbox", afetr = 60}', ["channels.a.fallback.afetr", "is not a setting"]),
        ('"inbox"', ["channels.a.fallback"]),
    ],
)
def test_a_mistake_is_told_by_name_and_place(tmp_path: Path, fallback: str, words: list[str]) -> None:
    with pytest.raises(BadSetting) as told:
        read(tmp_path, f'[channels.a]\nkind = "stub"\nfallback = {fallback}\n')
    for word in words:
        assert word in told.value.detail


def test_a_circle_is_refused_wherever_it_begins() -> None:
    table = chain("a", "b", "c")
    table["c"]["fallback"] = {"to": "b"}
    with pytest.raises(BadSetting, match=r"in a circle \(a -> b -> c -> b\)"):
        fallbacks(table)


def test_at_most_three_channels_follow_one_another() -> None:
    assert len(fallbacks(chain("a", "b", "c", "d"))) == 3
    with pytest.raises(BadSetting, match="at most 3"):
        fallbacks(chain("a", "b", "c", "d", "e"))
