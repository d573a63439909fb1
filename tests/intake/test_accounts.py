"""New keys, passwords and ids: readable, and of the promised length in random bits."""

from __future__ import annotations

from heliograph.intake.accounts import new_integration_key, new_password, new_user_id
from heliograph.system.entropy import entropy


def test_an_integration_key_is_marked_and_holds_every_one_of_its_160_random_bits() -> None:
    keys = {new_integration_key(lambda size, bit=bit: (1 << bit).to_bytes(size, "big")) for bit in range(160)}
    assert len(keys) == 160
    assert all(key.startswith("hk_") and key[3:].isalnum() and key.islower() for key in keys)


def test_a_password_is_four_groups_that_can_be_read_aloud() -> None:
    assert [len(group) for group in new_password(entropy).split("-")] == [5, 5, 5, 5]
    assert len({new_password(entropy) for _ in range(1000)}) == 1000


def test_a_user_id_is_32_hex_digits() -> None:
    assert len(bytes.fromhex(new_user_id(entropy))) == 16
