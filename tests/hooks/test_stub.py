"""The stub that editors read says what the module does."""

from __future__ import annotations

import ast
import inspect
import subprocess
import sys
from pathlib import Path

import pytest

from heliograph import scripts
from heliograph.app import open_app
from heliograph.config.settings import Settings
from heliograph.intake.methods import service_methods

ROOT = Path(__file__).parents[2]
STUB = ast.parse(Path(str(scripts.__file__)).with_suffix(".pyi").read_text(encoding="utf-8"))


def test_the_stub_names_what_the_module_gives() -> None:
    [listed] = [
        ast.literal_eval(node.value)
        for node in STUB.body
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "__all__"
    ]
    assert sorted(listed) == sorted(scripts.__all__)


def test_the_stubs_functions_take_what_the_modules_take() -> None:
    for node in STUB.body:
        if isinstance(node, ast.FunctionDef) and not node.decorator_list:
            real = inspect.signature(getattr(scripts, node.name))
            assert [argument.arg for argument in node.args.args] == list(real.parameters), node.name


def test_the_stubs_classes_have_the_members_of_the_modules() -> None:
    classes = {node.name: node for node in STUB.body if isinstance(node, ast.ClassDef)}
    for name, real in (("Person", scripts.Person), ("Event", scripts.Event), ("_Log", type(scripts.log))):
        told = {each.name for each in classes[name].body if isinstance(each, ast.FunctionDef)}
        assert told == {each for each in dir(real) if not each.startswith("_")}


def test_the_examples_have_no_type_error_against_the_stub() -> None:
    files = [str(path) for path in sorted((ROOT / "examples/scripts").glob("*.py"))]
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--cache-dir", "/dev/null", "--follow-imports", "silent", *files],
        cwd=ROOT,
        env={"MYPYPATH": str(ROOT / "src"), "PATH": ""},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.anyio
async def test_scripts_can_listen_to_every_method_the_gateway_has(tmp_path: Path) -> None:
    async with open_app(Settings(data_dir=tmp_path)) as app:
        assert app.services.methods == set(service_methods())
