"""`heliograph user`: people, one at a time or from a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from heliograph.cli.common import NOTHING, CompanyOption, ConfigOption, DataOption, JsonOption, in_gateway
from heliograph.cli.import_users import import_file
from heliograph.cli.output import console, iso, plain, print_json, say, show_once, table
from heliograph.core.errors import InvalidArgument
from heliograph.core.people import Role, User
from heliograph.intake.accounts import UserDraft

if TYPE_CHECKING:
    from heliograph.app import Heliograph

app = typer.Typer(no_args_is_help=True, help="Users: who sends and who receives.")

WhoArgument = Annotated[str, typer.Argument(help="User name, e-mail, user id, external id or associate id.")]


def as_json(user: User) -> dict[str, Any]:
    """What programs may see of a user."""
    return {
        "user_id": user.user_id,
        "associate_id": user.associate_id,
        "company_id": user.company_id,
        "user_name": user.user_name,
        "email": user.email,
        "external_id": user.external_id,
        "phone": user.phone,
        "full_name": user.full_name,
        "role": user.role.value,
        "active": user.active,
        "created_at": iso(user.created_at),
    }


@app.command("add")
def add(
    user_name: Annotated[str, typer.Argument(help="The name to sign in with.")],
    email: Annotated[str, typer.Option(help="E-mail address.")] = "",
    external_id: Annotated[str, typer.Option(help="The id another system knows the user by.")] = "",
    phone: Annotated[str, typer.Option(help="Phone number.")] = "",
    full_name: Annotated[str, typer.Option(help="First and last name.")] = "",
    role: Annotated[Role, typer.Option(help="What the user may do.")] = Role.USER,
    ask_password: Annotated[
        bool, typer.Option("--ask-password", help="Ask for a password instead of making one.")
    ] = False,
    company: CompanyOption = None,
    config: ConfigOption = None,
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """Add a user. A password is made and shown this once, unless you give one."""
    password = _asked() if ask_password else ""

    async def work(gateway: Heliograph) -> dict[str, Any]:
        draft = UserDraft(
            user_name=user_name,
            email=email,
            external_id=external_id,
            phone=phone,
            full_name=full_name,
            password=password,
            role=role.value,
        )
        chosen = await gateway.people.company(company)
        new = await gateway.people.add_user(chosen.id, draft)
        return as_json(new.user) | ({} if ask_password else {"password": new.password})

    _show_once(in_gateway(config, data, work), json)


@app.command("list")
def list_(
    company: CompanyOption = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many at most.")] = 100,
    after: Annotated[int, typer.Option(min=0, help="Only associate ids above this one.")] = 0,
    config: ConfigOption = None,
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """List users in order of associate id."""

    async def work(gateway: Heliograph) -> list[dict[str, Any]]:
        return [as_json(user) for user in await gateway.people.users(company, after=after, limit=limit)]

    users = in_gateway(config, data, work)
    if json:
        print_json(users)
        return
    shown = [user | {"active": "yes" if user["active"] else "no"} for user in users]
    columns = {
        "associate_id": "id",
        "user_name": "name",
        "full_name": "full name",
        "email": "email",
        "role": "role",
        "active": "active",
    }
    if len({user["company_id"] for user in users}) > 1:
        columns["company_id"] = "company"
    rows = [[plain(str(user[name])) for name in columns] for user in shown]
    console().print(table(list(columns.values()), rows, right=("id", "company")))
    if len(users) == limit:
        say(f"There may be more: --after {users[-1]['associate_id']}")


@app.command("password")
def password(
    who: WhoArgument,
    ask: Annotated[bool, typer.Option("--ask", help="Ask for the password instead of making one.")] = False,
    company: CompanyOption = None,
    config: ConfigOption = None,
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """Set a new password; all of the user's tickets end. A password that is made is shown this once."""
    given = _asked() if ask else ""

    async def work(gateway: Heliograph) -> dict[str, Any]:
        user = await gateway.people.find(company, who)
        new = await gateway.people.set_password(user, given)
        return as_json(new.user) | ({} if ask else {"password": new.password})

    _show_once(in_gateway(config, data, work), json)


@app.command("disable")
def disable(
    who: WhoArgument,
    company: CompanyOption = None,
    config: ConfigOption = None,
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """Disable a user: nothing more is accepted for the user, nobody signs in as the user, all tickets end."""
    _set_active(who, False, company, config, data, json)


@app.command("enable")
def enable(
    who: WhoArgument,
    company: CompanyOption = None,
    config: ConfigOption = None,
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """Enable a disabled user again."""
    _set_active(who, True, company, config, data, json)


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="CSV with a header line; UTF-8.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check every row and store nothing.")] = False,
    company: CompanyOption = None,
    config: ConfigOption = None,
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """Import users from a CSV file; a row that cannot be added is told by its line and stops no other.

    The header names the columns: user_name, and any of email, external_id, phone, full_name, password, role.
    """
    raise typer.Exit(import_file(file, company, config, data, dry_run=dry_run, json=json))


def _set_active(
    who: str, active: bool, company: int | None, config: Path | None, data: Path | None, json: bool
) -> None:
    async def work(gateway: Heliograph) -> tuple[dict[str, Any], bool]:
        user = await gateway.people.find(company, who)
        changed = await gateway.people.set_active(user, active)
        return as_json(changed), user.active is not active

    user, changed = in_gateway(config, data, work)
    word = "enabled" if active else "disabled"
    if json:
        print_json(user | {"changed": changed})
    else:
        say(f"{user['user_name']} {'is now' if changed else 'was already'} {word}.")
    if not changed:
        raise typer.Exit(NOTHING)


def _asked() -> str:
    """A password typed in, twice when at a terminal. Raises InvalidArgument when none was given."""
    given = str(typer.prompt("Password", hide_input=True, confirmation_prompt=True, err=True))
    if not given:
        raise InvalidArgument("No password was given.", field="password")
    return given


def _show_once(user: dict[str, Any], json: bool) -> None:
    if json:
        print_json(user)
        return
    facts = {"user name": user["user_name"], "associate id": str(user["associate_id"]), "user id": str(user["user_id"])}
    made = {"password": user["password"]} if "password" in user else {}
    show_once(facts | made, *made)
