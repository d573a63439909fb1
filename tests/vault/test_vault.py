"""Passwords are slow to guess, sealed values open only in their place, new keys cannot be guessed."""

from __future__ import annotations

import asyncio
import base64
import os
import stat
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator
from pathlib import Path
from subprocess import PIPE

import pytest

from heliograph.core.errors import BadSetting, Unavailable
from heliograph.system.entropy import entropy
from heliograph.vault.passwords import MEMORY_KIB, PASSES, WAITING, Argon2Passwords
from heliograph.vault.sealer import AesGcmSealer, key_id
from heliograph.vault.secret_key import FILE, VARIABLE, secret_keys

pytestmark = pytest.mark.anyio

KEY, OTHER = bytes(range(32)), bytes(range(32, 64))


class TestPasswords:
    """Argon2id off the event loop, with small costs where the cost is not the point."""

    @pytest.fixture
    async def passwords(self) -> AsyncIterator[Argon2Passwords]:
        made = Argon2Passwords(memory_kib=64, passes=1)
        yield made
        made.close()

    async def test_the_right_password_is_recognised_and_no_other(self, passwords: Argon2Passwords) -> None:
        hashed = await passwords.hash("wick and oil")
        assert await passwords.verify("wick and oil", hashed)
        for wrong in ("wick and oi", "wick and oil ", "WICK AND OIL", "", "\x00"):
            assert not await passwords.verify(wrong, hashed)

    @pytest.mark.parametrize("password", ["", "ø", "\ud83d", "a\x00b", "x" * 10_000])
    async def test_any_text_can_be_a_password(self, passwords: Argon2Passwords, password: str) -> None:
        assert await passwords.verify(password, await passwords.hash(password))

    async def test_two_users_with_one_password_have_two_hashes(self, passwords: Argon2Passwords) -> None:
        assert await passwords.hash("same") != await passwords.hash("same")

    async def test_the_costs_are_the_recommended_ones(self) -> None:
        passwords = Argon2Passwords()
        assert (await passwords.hash("x")).startswith(f"$argon2id$v=19$m={19 * 1024},t=2,p=1$")
        assert (MEMORY_KIB, PASSES) == (19 * 1024, 2)
        passwords.close()

    @pytest.mark.parametrize(
        "hashed", ["", "not a hash", "$argon2id$v=19$m=1,t=1,p=1$", "$2b$12$abcdefghijklmnopqrstuv"]
    )
    async def test_without_a_usable_hash_every_password_is_wrong(self, passwords: Argon2Passwords, hashed: str) -> None:
        for password in ("", "x", hashed):
            assert not await passwords.verify(password, hashed)

    async def test_a_user_without_a_password_takes_as_long_as_one_with(self) -> None:
        """Medians of turns taken one after the other, so that a busy machine slows both alike."""
        passwords = Argon2Passwords(memory_kib=4096)
        hashed = await passwords.hash("wick and oil")
        took: dict[str, list[float]] = {hashed: [], "": [], "unreadable": []}
        for _ in range(15):
            for kind, times in took.items():
                began = time.perf_counter()
                await passwords.verify("wrong", kind)
                times.append(time.perf_counter() - began)
        known, unknown, unreadable = (statistics.median(times) for times in took.values())
        assert 0.5 < unknown / known < 2
        assert 0.5 < unreadable / known < 2
        passwords.close()

    async def test_hashing_leaves_the_event_loop_free(self) -> None:
        passwords = Argon2Passwords()
        hashing = asyncio.gather(*(passwords.hash("x") for _ in range(8)))
        turns = 0
        while not hashing.done():
            await asyncio.sleep(0)
            turns += 1
        assert turns > 50
        passwords.close()

    async def test_it_works_in_threads_of_its_own_and_no_more_than_told(self) -> None:
        passwords = Argon2Passwords(memory_kib=64, passes=1, workers=2)
        await asyncio.gather(*(passwords.hash("x") for _ in range(50)))
        assert 1 <= sum(thread.name.startswith("passwords") for thread in threading.enumerate()) <= 2
        passwords.close()

    async def test_when_too_many_wait_the_next_is_told_to_come_again(self) -> None:
        passwords = Argon2Passwords(memory_kib=64, passes=1, workers=1)
        waiting = [asyncio.ensure_future(passwords.verify("x", "")) for _ in range(WAITING + 1)]
        await asyncio.sleep(0)
        with pytest.raises(Unavailable):
            await passwords.verify("x", "")
        await asyncio.gather(*waiting)
        assert not await passwords.verify("x", "")
        passwords.close()

    async def test_a_hash_with_other_costs_is_outdated_and_still_good(self, passwords: Argon2Passwords) -> None:
        stronger = Argon2Passwords(memory_kib=128, passes=1)
        old = await passwords.hash("wick and oil")
        assert stronger.outdated(old)
        assert stronger.outdated("not a hash")
        assert not passwords.outdated(old)
        assert await stronger.verify("wick and oil", old)
        stronger.close()


class TestSealer:
    """AES-256-GCM with the place as associated data."""

    sealer = AesGcmSealer([KEY], entropy)

    @pytest.mark.parametrize("plain", [b"", b"x", b"token" * 1000, bytes(range(256))])
    def test_what_is_sealed_opens_in_its_place(self, plain: bytes) -> None:
        sealed = self.sealer.seal(plain, context="delivery.config/7")
        assert self.sealer.open(sealed, context="delivery.config/7") == plain
        assert len(plain) < 5 or plain not in sealed

    def test_it_does_not_open_in_another_place(self) -> None:
        sealed = self.sealer.seal(b"token", context="delivery.config/7")
        for place in ("delivery.config/8", "", "delivery.config/7 "):
            with pytest.raises(ValueError, match="another place"):
                self.sealer.open(sealed, context=place)

    def test_it_does_not_open_with_another_key(self) -> None:
        with pytest.raises(ValueError, match="not here"):
            AesGcmSealer([OTHER], entropy).open(self.sealer.seal(b"token", context="c"), context="c")

    def test_a_single_changed_bit_anywhere_is_noticed(self) -> None:
        sealed = self.sealer.seal(b"token", context="c")
        for bit in range(len(sealed) * 8):
            changed = bytearray(sealed)
            changed[bit // 8] ^= 1 << bit % 8
            with pytest.raises(ValueError):
                self.sealer.open(bytes(changed), context="c")

    def test_a_cut_value_is_noticed(self) -> None:
        sealed = self.sealer.seal(b"token", context="c")
        for length in range(len(sealed)):
            with pytest.raises(ValueError):
                self.sealer.open(sealed[:length], context="c")

    def test_sealing_twice_gives_two_texts(self) -> None:
        assert self.sealer.seal(b"token", context="c") != self.sealer.seal(b"token", context="c")

    def test_after_a_change_of_keys_the_old_values_open_and_new_ones_have_the_new_key(self) -> None:
        old = self.sealer.seal(b"token", context="c")
        changed = AesGcmSealer([OTHER, KEY], entropy)
        assert changed.open(old, context="c") == b"token"
        new = changed.seal(b"token", context="c")
        assert AesGcmSealer([OTHER], entropy).open(new, context="c") == b"token"

    def test_no_representation_shows_a_key(self) -> None:
        assert key_id(KEY).hex() in repr(self.sealer)
        for form in (KEY.hex(), repr(KEY), base64.b64encode(KEY).decode()):
            assert form not in repr(self.sealer)

    @pytest.mark.parametrize("keys", [[], [b"short"], [KEY, b"short"], [KEY * 2]])
    def test_keys_of_another_length_are_refused(self, keys: list[bytes]) -> None:
        with pytest.raises(ValueError, match="32 bytes"):
            AesGcmSealer(keys, entropy)


class TestSecretKey:
    """The key is made once, for its owner alone, and nothing guesses when it is wrong."""

    def test_it_is_made_at_first_start_and_read_at_the_next(self, tmp_path: Path) -> None:
        folder = tmp_path / "new" / "data"
        first = secret_keys(folder, {}, entropy)
        assert secret_keys(folder, {}, entropy) == first
        assert [len(key) for key in first] == [32]
        assert stat.S_IMODE((folder / FILE).stat().st_mode) == 0o600
        assert [file.name for file in folder.iterdir()] == [FILE]

    def test_the_environment_goes_before_the_file_and_leaves_none(self, tmp_path: Path) -> None:
        told = {VARIABLE: f"{base64.b64encode(OTHER).decode()},{base64.b64encode(KEY).decode()}"}
        assert secret_keys(tmp_path, told, entropy) == [OTHER, KEY]
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.parametrize("text", ["", "short", "!" * 44, base64.b64encode(KEY * 2).decode()])
    def test_a_key_that_is_none_is_told_without_being_shown(self, tmp_path: Path, text: str) -> None:
        file = tmp_path / FILE
        file.touch(mode=0o600)
        file.write_text(text)
        with pytest.raises(BadSetting) as wrong:
            secret_keys(tmp_path, {}, entropy)
        assert not text or text not in wrong.value.detail

    def test_a_key_that_everyone_can_read_is_refused(self, tmp_path: Path) -> None:
        secret_keys(tmp_path, {}, entropy)
        (tmp_path / FILE).chmod(0o644)
        with pytest.raises(BadSetting, match="chmod 600"):
            secret_keys(tmp_path, {}, entropy)

    def test_processes_that_start_together_end_with_one_key(self, tmp_path: Path) -> None:
        program = (
            "import sys, pathlib; from heliograph.vault.secret_key import secret_keys; "
            "from heliograph.system.entropy import entropy; sys.stdin.read(1); "
            "print(secret_keys(pathlib.Path(sys.argv[1]), {}, entropy)[0].hex())"
        )
        command = [sys.executable, "-c", program, str(tmp_path)]
        started = [subprocess.Popen(command, stdin=PIPE, stdout=PIPE, text=True) for _ in range(6)]
        time.sleep(0.5)  # so that most have finished importing and wait for the word
        found = {process.communicate("!", timeout=60)[0] for process in started}
        assert len(found) == 1
        assert len(found.pop().strip()) == 64
        assert os.listdir(tmp_path) == [FILE]
