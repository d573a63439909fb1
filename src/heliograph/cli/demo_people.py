"""The demo's company and people: made once, their secrets kept in the demo's own folder and nowhere else."""

from __future__ import annotations

import base64
import os
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from heliograph.core.errors import BadSetting, NotFound
from heliograph.core.people import Role, User
from heliograph.intake.accounts import UserDraft
from heliograph.system.entropy import entropy

if TYPE_CHECKING:
    from heliograph.app import Heliograph

COMPANY = "Skerry Lights"
PEOPLE = (
    UserDraft(user_name="anna", email="anna@example.com", external_id="E-1001", full_name="Anna Lund"),
    UserDraft(user_name="bjorn", email="bjorn@example.com", external_id="E-1002", full_name="Bjørn Vik"),
    UserDraft(user_name="chidi", email="chidi@example.com", external_id="E-1003", full_name="Chidi Okafor"),
)
ADMINISTRATOR = UserDraft(
    user_name="keeper", email="keeper@example.com", full_name="The Keeper", role=Role.ADMINISTRATOR.value
)


class DemoUser(msgspec.Struct, frozen=True, kw_only=True):
    """Someone to send to and to sign in as."""

    user_id: str
    associate_id: int
    user_name: str
    password: str
    email: str
    external_id: str


class DemoAdministrator(msgspec.Struct, frozen=True, kw_only=True):
    """Who may do everything."""

    user_name: str
    password: str


class DemoRecord(msgspec.Struct, frozen=True, kw_only=True):
    """What demo.json keeps from one run to the next."""

    company_id: int
    integration_key: str
    users: tuple[DemoUser, ...]
    administrator: DemoAdministrator
    webhook_secret: str  # signs what the demo's webhook channel sends


def record_file(folder: Path) -> Path:
    """Where the record is kept."""
    return folder / "demo.json"


def read_record(folder: Path) -> DemoRecord | None:
    """What an earlier run kept, if one did. Raises BadSetting when the file is not readable as that."""
    file = record_file(folder)
    try:
        return msgspec.json.decode(file.read_bytes(), type=DemoRecord)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.DecodeError) as error:
        raise BadSetting(f"{file} cannot be read ({error}): remove {folder} to begin anew.") from None


def new_webhook_secret() -> str:
    """A signing secret as Standard Webhooks writes them, of 256 bits."""
    return "whsec_" + base64.b64encode(entropy(32)).decode("ascii")


def push_key(folder: Path) -> str:
    """The key with which browsers that subscribed in an earlier run still know the demo; made at the first."""
    from heliograph.channels.webpush.vapid import new_key_pair

    file = folder / "push.key"
    try:
        return file.read_text(encoding="ascii")
    except FileNotFoundError:
        private, _ = new_key_pair()
        write_private(file, private.encode("ascii"))
        return private
    except (OSError, UnicodeDecodeError) as error:
        raise BadSetting(f"{file} cannot be read ({error}): remove {folder} to begin anew.") from None


async def settle(gateway: Heliograph, folder: Path, record: DemoRecord | None, webhook_secret: str) -> DemoRecord:
    """The demo's people: those of the record, or new ones, which are then recorded.

    Raises BadSetting when the folder holds another gateway's data, or a record that does not fit it.
    """
    if record is not None:
        await _check(gateway, folder, record)
        return record
    record = await _made(gateway, folder, webhook_secret)
    file = record_file(folder)
    write_private(file, msgspec.json.format(msgspec.json.encode(record), indent=2))
    return record


async def _check(gateway: Heliograph, folder: Path, record: DemoRecord) -> None:
    try:
        await gateway.people.company(record.company_id)
        for user in record.users:
            await gateway.people.find(record.company_id, user.user_name)
    except NotFound as error:
        raise BadSetting(
            f"{record_file(folder)} does not fit the data beside it ({error.detail}): remove {folder} to begin anew."
        ) from None


async def _made(gateway: Heliograph, folder: Path, webhook_secret: str) -> DemoRecord:
    """New people. A start that was cut short before demo.json was written is taken up where it ended."""
    companies = await gateway.people.companies()
    if any(company.name != COMPANY for company in companies):
        raise BadSetting(f"{folder} holds a gateway's data that no demo made: give the demo a folder of its own.")
    if companies:
        new = await gateway.people.rotate_key(companies[0].id)
    else:
        new = await gateway.people.add_company(COMPANY)
    users = [await _user(gateway, new.company.id, draft) for draft in PEOPLE]
    keeper, password = await _user(gateway, new.company.id, ADMINISTRATOR)
    return DemoRecord(
        company_id=new.company.id,
        integration_key=new.integration_key,
        users=tuple(_demo_user(user, secret) for user, secret in users),
        administrator=DemoAdministrator(user_name=keeper.user_name, password=password),
        webhook_secret=webhook_secret,
    )


async def _user(gateway: Heliograph, company_id: int, draft: UserDraft) -> tuple[User, str]:
    try:
        known = await gateway.people.find(company_id, draft.user_name)
    except NotFound:
        new = await gateway.people.add_user(company_id, draft)
    else:
        new = await gateway.people.set_password(known)
    return new.user, new.password


def _demo_user(user: User, password: str) -> DemoUser:
    return DemoUser(
        user_id=user.user_id,
        associate_id=user.associate_id,
        user_name=user.user_name,
        password=password,
        email=user.email,
        external_id=user.external_id,
    )


def write_private(file: Path, content: bytes) -> None:
    """Write a file that only its owner may read, all of it or none."""
    beside = file.with_name(f".{file.name}.{os.getpid()}")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    beside.replace(file)
