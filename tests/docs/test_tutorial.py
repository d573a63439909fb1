"""The tutorial works as printed: its blocks are run, one after the other, by a shell."""

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BLOCK = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
INSTALL = "make install\n"  # has happened, or this test would not run


def script() -> str:
    blocks = BLOCK.findall((ROOT / "docs/tutorial.md").read_text(encoding="utf-8"))
    assert INSTALL in blocks[0]
    head = "set -euo pipefail\ntrap 'kill $(jobs -p) 2>/dev/null || true' EXIT\n"  # a failure leaves no gateway behind
    return head + "\n".join(blocks).replace(INSTALL, "")


@pytest.mark.slow
@pytest.mark.skipif(not (shutil.which("bash") and shutil.which("curl")), reason="needs bash and curl")
def test_the_tutorial_works_as_printed(tmp_path: Path) -> None:
    here = Path(sys.executable).parent
    shell = subprocess.Popen(
        ["bash", "-c", script()],
        cwd=ROOT,
        env={"PATH": f"{here}:{os.environ['PATH']}", "HOME": str(tmp_path), "DIR": str(tmp_path / "demo"), "PORT": "0"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        said, _ = shell.communicate(timeout=90)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(shell.pid, signal.SIGKILL)
    assert shell.returncode == 0, said
