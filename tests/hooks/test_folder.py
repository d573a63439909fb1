"""What is in the folder of scripts, while others write there and when it cannot be read."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from heliograph.hooks.folder import ScriptFolder


def test_a_file_that_goes_while_the_folder_is_read_hides_no_other(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("")
    folder, over = ScriptFolder(tmp_path), threading.Event()

    def come_and_go() -> None:
        passing = [tmp_path / f"b{number}.py" for number in range(20)]
        while not over.is_set():
            for path in passing:
                path.write_text("")
            for path in passing:
                path.unlink()

    others = [threading.Thread(target=come_and_go)]
    for other in others:
        other.start()
    try:
        for _ in range(1500):
            assert "a.py" in folder.prints()
            assert "a.py" in folder.read()[0]
    finally:
        over.set()
        for other in others:
            other.join()


def test_a_folder_that_cannot_be_read_is_not_taken_for_an_empty_one(tmp_path: Path) -> None:
    loop = tmp_path / "loop"
    loop.symlink_to(loop)

    with pytest.raises(OSError, match="symbolic links"):
        ScriptFolder(loop).prints()
    assert ScriptFolder(tmp_path / "none").prints() == {}
