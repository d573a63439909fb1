"""The package that the docs make is built, installed into an empty environment, and serves in a gateway there."""

from __future__ import annotations

import importlib.util
import json
import re
import shutil
import site
import subprocess
import sys
import venv
from pathlib import Path

import pytest

from heliograph.channels.registry import GROUP

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "adding-a-channel.md"
PACKAGE = ROOT / "examples" / "channel-package"
SETTINGS = """
[channels.rooms]
kind = "matrix"
homeserver = "http://127.0.0.1:9"
access_token = "syt_open_sesame"
"""


def run(*command: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Without the environment of this process: what is found is found by being installed."""
    return subprocess.run(list(map(str, command)), cwd=cwd, env={}, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package as its author would hand it out; built without an index."""
    if importlib.util.find_spec("hatchling") is None:
        pytest.skip("hatchling, which builds the package, is not installed")
    source = tmp_path_factory.mktemp("author") / "heliograph-matrix"
    shutil.copytree(PACKAGE, source, ignore=shutil.ignore_patterns("__pycache__"))
    built = run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", cwd=source)
    assert built.returncode == 0, built.stderr
    [file] = (source / "dist").glob("*.whl")
    return file


@pytest.fixture(scope="module")
def python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with this gateway and the package in it."""
    if importlib.util.find_spec("ensurepip") is None:
        pytest.skip("this Python comes without ensurepip, so that no environment with pip can be made")
    home = tmp_path_factory.mktemp("operator") / "venv"
    venv.create(home, with_pip=True)
    interpreter = home / "bin" / "python"
    [packages] = (home / "lib").glob("python*/site-packages")
    ours = [path for path in site.getsitepackages() if Path(path).is_dir()]
    lines = "".join(f"import site; site.addsitedir({path!r})\n" for path in ours)
    (packages / "gateway.pth").write_text(lines, encoding="utf-8")  # the gateway and what it needs, without an index
    done = run(interpreter, "-m", "pip", "install", "--no-index", "--no-deps", wheel, cwd=home)
    assert done.returncode == 0, done.stderr
    return interpreter


@pytest.mark.slow
def test_the_package_passes_its_own_tests_a_gateway_included_where_it_is_installed(
    python: Path, tmp_path: Path
) -> None:
    shutil.copytree(PACKAGE / "tests", tmp_path / "tests", ignore=shutil.ignore_patterns("__pycache__"))
    done = run(python, "-W", "error", "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests", cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    passed = re.search(r"(\d+) passed", done.stdout)
    assert passed is not None
    assert int(passed[1]) >= 20


@pytest.mark.slow
def test_the_commands_know_the_package_its_settings_and_whether_it_works(python: Path, tmp_path: Path) -> None:
    (tmp_path / "heliograph.toml").write_text(SETTINGS, encoding="utf-8")
    (tmp_path / "data").mkdir(mode=0o700)

    def heliograph(*words: str) -> tuple[int, str]:
        done = run(python, "-m", "heliograph", *words, cwd=tmp_path)
        assert "Traceback" not in done.stderr, done.stderr
        assert "syt_open_sesame" not in done.stdout + done.stderr
        return done.returncode, done.stdout

    code, kinds = heliograph("channel", "kinds", "--json")
    assert code == 0
    [matrix] = [each for each in json.loads(kinds) if not each["built_in"]]
    assert (matrix["kind"], matrix["package"], matrix["version"]) == ("matrix", "heliograph-matrix", "1.0")
    assert "homeserver" in heliograph("channel", "kinds", "matrix")[1]
    config = ("--config", "heliograph.toml", "--data", "data")
    assert "rooms" in heliograph("channel", "list", *config)[1]
    assert heliograph("channel", "check", "rooms", *config)[0] == 1  # nobody is at that address
    assert "heliograph-matrix 1.0 brings the kind matrix" in " ".join(heliograph("doctor", *config)[1].split())
    assert "(secret, not shown)" in heliograph("settings", "show", *config)[1]


def test_the_page_holds_the_files_that_are_tested() -> None:
    page = PAGE.read_text(encoding="utf-8")
    for path in (PACKAGE / "heliograph_matrix.py", PACKAGE / "pyproject.toml", *(PACKAGE / "tests").glob("*.py")):
        assert path.read_text(encoding="utf-8") in page, f"{path.name}: make render"


def test_the_package_names_the_entry_point_group_of_the_registry() -> None:
    assert f'[project.entry-points."{GROUP}"]' in (PACKAGE / "pyproject.toml").read_text(encoding="utf-8")


def test_the_package_uses_what_is_public_and_no_other_channel() -> None:
    imported = set(
        re.findall(r"^from (heliograph\.channels\.\S+) import", (PACKAGE / "heliograph_matrix.py").read_text(), re.M)
    )
    built_in = {path.name for path in (ROOT / "src/heliograph/channels").iterdir() if path.is_dir()}
    assert not {name.split(".")[2] for name in imported} & built_in
