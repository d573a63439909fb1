"""A CSV file of users into a company, with a progress bar and every bad row told by its line."""

from __future__ import annotations

import csv
import difflib
import io
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from heliograph.cli.common import NOTHING, OK, in_gateway
from heliograph.cli.output import complain, print_json, say
from heliograph.core.errors import InvalidArgument
from heliograph.intake.accounts import COLUMNS
from heliograph.intake.importing import Row, RowError, UserImport

if TYPE_CHECKING:
    from heliograph.app import Heliograph

_MOST_SHOWN = 100  # bad rows told in the terminal; --json tells all


def import_file(
    file: Path, company: int | None, config: Path | None, data: Path | None, *, dry_run: bool, json: bool
) -> int:
    """Import the file and say what became of it; the exit code. Raises InvalidArgument for a file that is no CSV."""
    rows = read_rows(file)

    async def work(gateway: Heliograph) -> tuple[int, list[RowError]]:
        chosen = await gateway.people.company(company)
        added = 0
        errors: list[RowError] = []
        with _progress() as bar:
            task = bar.add_task("checking" if dry_run else "importing", total=len(rows))
            async for step in UserImport(gateway.people, chosen.id).run(rows, dry_run=dry_run):
                added += step.added
                errors += step.errors
                bar.advance(task, step.added + len(step.errors))
        return added, errors

    added, errors = in_gateway(config, data, work)
    if json:
        print_json({"rows": len(rows), "added": 0 if dry_run else added, "valid": added, "errors": errors})
    else:
        _tell(len(rows), added, errors, dry_run)
    return NOTHING if errors else OK


def _progress() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(complete_style="cyan", finished_style="green"),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
    )


def _tell(rows: int, added: int, errors: list[RowError], dry_run: bool) -> None:
    for error in errors[:_MOST_SHOWN]:
        name = f" ({error.user_name})" if error.user_name else ""
        complain(f"line {error.line}{name}: {error.reason}")
    if len(errors) > _MOST_SHOWN:
        complain(f"... and {len(errors) - _MOST_SHOWN} more; --json tells all of them")
    done = "would be added" if dry_run else "added"
    say(f"{rows} rows: {added} {done}, {len(errors)} not.")


def read_rows(file: Path) -> list[Row]:
    """Every record of the file with the line it begins on. Raises InvalidArgument; then nothing has been imported.

    The separator is a comma, or a semicolon where the header has those and no comma.
    """
    try:
        text = file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise InvalidArgument(f"{file}:{line}: not UTF-8; save the file as CSV in UTF-8.") from None
    header = text.partition("\n")[0]
    separator = ";" if ";" in header and "," not in header else ","
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    try:
        _check_header(file, [name.strip() for name in reader.fieldnames or ()])
        reader.fieldnames = [name.strip() for name in reader.fieldnames or ()]
        return list(_rows(reader))
    except csv.Error as error:
        raise InvalidArgument(f"{file}:{reader.line_num}: not readable as CSV: {error}.") from None


def _rows(reader: csv.DictReader[str]) -> Iterator[Row]:
    begins = reader.line_num + 1
    for fields in reader:
        yield Row(begins, fields)
        begins = reader.line_num + 1


def _check_header(file: Path, names: list[str]) -> None:
    for name in names:
        if name not in COLUMNS:
            close = difflib.get_close_matches(name.lower().replace(" ", "_").replace("-", "_"), COLUMNS, n=1)
            hint = f" Did you mean {close[0]}?" if close else f" Known: {', '.join(COLUMNS)}."
            raise InvalidArgument(f"{file}:1: there is no column {name[:60]!r}.{hint}")
    if len(set(names)) != len(names):
        raise InvalidArgument(f"{file}:1: a column is named twice.")
    if "user_name" not in names:
        raise InvalidArgument(f"{file}:1: the header has no column user_name.")
