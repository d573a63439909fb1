"""The reference page and the sample file hold every setting, and the committed page is the one the code renders."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from heliograph.channels import registry
from heliograph.config.describe import describe, reference_page, sample_file, toml, type_words
from heliograph.config.load import known_keys, load
from heliograph.config.quotas import Allowance

MODELS = {kind: registry.load(kind).settings for kind in registry.BUILT_IN}
PAGE = Path(__file__).parents[2] / "docs/reference/settings.md"


def test_the_committed_page_is_fresh() -> None:
    assert PAGE.read_text(encoding="utf-8") == reference_page(MODELS), "stale: run make render"


def test_every_setting_is_on_the_page_and_says_what_it_is_for() -> None:
    page = reference_page(MODELS)
    for key in known_keys():
        assert key == "channels" or f"`{key}`" in page
    for model in MODELS.values():
        assert all(row.text for row in describe(model, "channels.NAME."))
    assert all(row.text for row in describe())


def test_the_sample_changes_nothing_as_it_stands(tmp_path: Path) -> None:
    file = tmp_path / "sample.toml"
    file.write_text(sample_file(MODELS), encoding="utf-8")
    untouched = tmp_path / "untouched.toml"
    untouched.touch()
    assert load(file, {}, {}).settings == load(untouched, {}, {}).settings


def test_the_sample_with_every_setting_uncommented_is_the_defaults(tmp_path: Path) -> None:
    core = sample_file({}).partition("# One table per channel")[0]
    lines = [line.removeprefix("# ") if " = " in line else line for line in core.splitlines()[1:]]
    text = "\n".join(line for line in lines if not line.endswith(" = ..."))
    assert tomllib.loads(text)["server"]["port"] == 8025
    file = tmp_path / "all.toml"
    file.write_text(text, encoding="utf-8")
    untouched = tmp_path / "untouched.toml"
    untouched.touch()
    assert load(file, {}, {}).settings == load(untouched, {}, {}).settings


@pytest.mark.parametrize("value", ['quote " and \\ and \n and \x7f', True, 5, 2.5, [1, "a"], {"a b": 1}])
def test_values_are_written_as_toml_reads_them(value: object) -> None:
    assert tomllib.loads(f"value = {toml(value)}")["value"] == value


def test_types_are_named_in_words() -> None:
    assert type_words(int | None) == "whole number"
    assert type_words(list[Path]) == "list (path)"
    assert type_words(dict[str, str]) == "table (text to text)"
    assert type_words(dict[str, Allowance]) == "table (text to a table of hour, day, month)"
