"""The channel that the docs make works as it stands on the page."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from heliograph.channels.registry import GROUP

PAGE = Path(__file__).parents[2] / "docs" / "adding-a-channel.md"
BLOCK = re.compile(r"```python\n# (\w+\.py)\n(.*?)```", re.DOTALL)


def test_the_channel_of_the_page_passes_the_tests_of_the_page(tmp_path: Path) -> None:
    blocks = dict(BLOCK.findall(PAGE.read_text(encoding="utf-8")))
    assert set(blocks) == {"beacon_channel.py", "test_beacon_channel.py"}
    for name, code in blocks.items():
        (tmp_path / name).write_text(code, encoding="utf-8")

    command = [sys.executable, "-W", "error", "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_beacon_channel.py"]
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout + done.stderr
    passed = re.search(r"(\d+) passed", done.stdout)
    assert passed is not None
    assert int(passed[1]) >= 15


def test_the_page_names_the_entry_point_group_of_the_registry() -> None:
    assert f'[project.entry-points."{GROUP}"]' in PAGE.read_text(encoding="utf-8")
