"""The house keeps its walls, its rooms stay small, and its tests use real parts."""

import ast
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted((ROOT / "src/heliograph").rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))

MOST_LINES_IN_A_FILE = 400
MOST_LINES_IN_A_FUNCTION = 60
MOST_PATCHES_PER_1000_TEST_LINES = 2

LINT_IMPORTS = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports(no_cache=True))"
PATCH = re.compile(r"\b(mock\.patch|patch\.object|mocker\.patch|monkeypatch\.set(attr|item)|(Magic|Async)?Mock\()")


def lint_imports(root: Path) -> subprocess.CompletedProcess[str]:
    """Run the import contract against the package under that root."""
    return subprocess.run(
        [sys.executable, "-c", LINT_IMPORTS],
        cwd=root,
        env={"PYTHONPATH": str(root / "src"), "PATH": ""},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def functions(tree: ast.Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def lines(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


def test_imports_go_down_the_floors_and_never_across() -> None:
    done = lint_imports(ROOT)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("module", "forbidden"),
    [("core/retry.py", "import time"), ("edge/failures.py", "import heliograph.store")],
    ids=["a clock in core", "the store at the front door"],
)
def test_the_import_contract_catches_a_wall_broken_on_purpose(tmp_path: Path, module: str, forbidden: str) -> None:
    shutil.copytree(ROOT / "src", tmp_path / "src", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / ".importlinter", tmp_path)
    with (tmp_path / "src/heliograph" / module).open("a", encoding="utf-8") as source:
        source.write(f"\n{forbidden}\n")
    done = lint_imports(tmp_path)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "BROKEN" in done.stdout


def test_no_file_outgrows_a_reader() -> None:
    long = {str(path.relative_to(ROOT)): lines(path) for path in SOURCES if lines(path) > MOST_LINES_IN_A_FILE}
    assert long == {}


def test_no_function_outgrows_a_screen() -> None:
    long = [
        f"{path.relative_to(ROOT)}:{function.lineno} {function.name}"
        for path in SOURCES
        for function in functions(ast.parse(path.read_text(encoding="utf-8")))
        if (function.end_lineno or 0) - function.lineno + 1 > MOST_LINES_IN_A_FUNCTION
    ]
    assert long == []


def test_every_module_opens_with_a_sentence() -> None:
    written = [path for path in SOURCES if path.read_text(encoding="utf-8").strip()]
    silent = [
        str(path.relative_to(ROOT))
        for path in written
        if not (ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "").strip()
    ]
    assert silent == []


def test_the_tests_put_real_things_in_the_seams(capsys: pytest.CaptureFixture[str]) -> None:
    total = sum(lines(path) for path in TESTS)
    patches = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in TESTS
        if path != Path(__file__).resolve()
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if PATCH.search(line)
    ]
    rate = 1000 * len(patches) / total
    with capsys.disabled():
        print(f"\n{len(patches)} patches in {total} test lines: {rate:.1f} per 1,000")
    assert rate < MOST_PATCHES_PER_1000_TEST_LINES, patches
