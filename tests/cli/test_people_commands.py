"""`company` and `user`, run as an operator runs them."""

from __future__ import annotations

from typing import Any

import pytest
from tests.cli.terminal import Terminal

pytestmark = pytest.mark.slow


def test_a_companys_key_is_shown_once_and_stored_nowhere(terminal: Terminal) -> None:
    shown = terminal.ok("company", "add", "Lighthouse Keepers").out
    key = next(word for word in shown.split() if word.startswith("hk_"))
    assert "cannot be shown again" in shown
    listed = terminal.ok("company", "list", "--json")
    assert [(row["company_id"], row["name"]) for row in listed.json] == [(1, "Lighthouse Keepers")]
    assert key not in listed.out
    for file in terminal.data.iterdir():
        assert key.encode() not in file.read_bytes()
    rotated = terminal.ok("company", "rotate-key", "--json").json["integration_key"]
    assert rotated not in (key, "")


def test_a_users_life_from_add_to_disable(terminal: Terminal, company: dict[str, Any]) -> None:
    added = terminal.ok("user", "add", "anna", "--email", "anna@example.com", "--json").json
    assert (added["company_id"], added["role"], len(added["password"])) == (company["company_id"], "user", 23)
    shown = terminal.ok("user", "password", "anna@example.com").out
    assert added["password"] not in shown
    assert "cannot be shown again" in shown
    chosen = terminal.run("user", "password", "anna", "--ask", "--json", given="correct horse\ncorrect horse\n")
    assert chosen.code == 0
    assert "correct horse" not in chosen.out + chosen.err

    assert terminal.ok("user", "disable", "anna").out == "anna is now disabled.\n"
    again = terminal.run("user", "disable", "anna")
    assert (again.code, again.out) == (1, "anna was already disabled.\n")
    [listed] = terminal.ok("user", "list", "--json").json
    assert listed["active"] is False
    assert "password" not in listed
    assert terminal.ok("user", "enable", "anna", "--json").json["active"] is True
    assert "anna@example.com" in terminal.ok("user", "list").out


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("user", "disable", "nobody"), 1, "Nobody in Lighthouse Keepers goes by 'nobody'."),
        (("user", "add", "anna", "--email", "nowhere"), 2, "email is not an e-mail address."),
        (("company", "add", "Twice", "--id", "1"), 1, ""),
        (("company", "add", " "), 2, "A company needs a name"),
        (("user", "list", "--data", "missing"), 2, "There is no gateway data in missing (flag)"),
        (("user", "add"), 2, "Missing argument"),
        (("user", "add", "anna", "--role", "king"), 2, "king"),
    ],
)
def test_what_goes_wrong_is_one_clear_sentence(
    terminal: Terminal, company: dict[str, Any], words: tuple[str, ...], code: int, says: str
) -> None:
    ran = terminal.run(*words)
    assert ran.code == code, ran.err
    assert says in ran.err
    assert "Traceback" not in ran.err


def test_a_file_of_users_is_imported_and_every_bad_row_told_by_line(
    terminal: Terminal, company: dict[str, Any]
) -> None:
    file = terminal.folder / "people.csv"
    file.write_text(
        "user_name,email,full_name,password\n"
        "anna,anna@example.com,Anna Lund,correct horse\n"
        'bjorn,bjorn@example.com,"Vik,\nBjørn",\n'  # a name of two lines is refused; the next row is on line 5
        "chidi,nowhere,,\n"
        "dora,,,\n"
        "dora,,,\n"
        "eli,,,,too many\n",
        encoding="utf-8",
    )
    dry = terminal.run("user", "import", "people.csv", "--dry-run")
    assert (dry.code, dry.out) == (1, "6 rows: 2 would be added, 4 not.\n")
    assert terminal.ok("user", "list", "--json").json == []
    ran = terminal.run("user", "import", "people.csv")
    assert (ran.code, ran.out) == (1, "6 rows: 2 added, 4 not.\n")
    told = [line for line in ran.err.splitlines() if line.startswith("heliograph: line")]
    assert [line.split()[2].rstrip(":") for line in told] == ["3", "5", "7", "8"]
    assert [user["user_name"] for user in terminal.ok("user", "list", "--json").json] == ["anna", "dora"]
    again = terminal.run("user", "import", "people.csv", "--json")
    assert (again.code, again.json["added"], len(again.json["errors"])) == (1, 0, 6)


def test_a_file_with_semicolons_and_a_byte_order_mark_is_read(terminal: Terminal, company: dict[str, Any]) -> None:
    file = terminal.folder / "people.csv"
    file.write_text("\ufeffuser_name; full_name\r\nanna;Lund, Anna\r\n", encoding="utf-8")
    terminal.run("user", "import", "people.csv")
    [anna] = terminal.ok("user", "list", "--json").json
    assert anna["full_name"] == "Lund, Anna"


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"user_name,e-mail\nanna,a@b\n", "people.csv:1: there is no column 'e-mail'. Did you mean email?"),
        (b"email\na@b\n", "people.csv:1: the header has no column user_name."),
        (b"", "people.csv:1: the header has no column user_name."),
        (b"user_name,user_name\na,b\n", "people.csv:1: a column is named twice."),
        (b"user_name\nanna\nbj\xf8rn\n", "people.csv:3: not UTF-8"),
        (b'user_name\n"anna\n', "not readable as CSV"),
    ],
)
def test_a_file_that_is_not_what_it_should_be_imports_nothing(
    terminal: Terminal, company: dict[str, Any], content: bytes, says: str
) -> None:
    (terminal.folder / "people.csv").write_bytes(content)
    ran = terminal.run("user", "import", "people.csv")
    assert (ran.code, says in ran.err) == (2, True), ran.err
