"""Write the parts of the docs that come from the code; with --check only say which are stale.

A page is either wholly rendered, or holds one rendered block between two marks.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from heliograph.channels import registry
from heliograph.channels.describe import answers_table, further_tables, settings_table
from heliograph.cli.reference import cli_page
from heliograph.config.describe import reference_page
from heliograph.core import errors, lifecycle
from heliograph.core.errors import HeliographError
from heliograph.core.webhooks import DELIVERY_FACTS, EVENTS
from heliograph.edge import compatibility, failures
from heliograph.observe.table import metrics_page
from heliograph.scripts.describe import events_table

ROOT = Path(__file__).resolve().parent.parent
BEGIN, END = "<!-- rendered: {name} -->\n", "<!-- /rendered -->\n"


def family(kind: type[HeliographError]) -> Iterator[type[HeliographError]]:
    """An error and all its kinds, in the order they are declared."""
    yield kind
    for child in kind.__subclasses__():
        yield from family(child)


def again(kind: type[HeliographError]) -> str:
    """Whether sending the same call once more can help."""
    if failures.retry_after(kind()) is not None:
        return "Yes, after the seconds that `Retry-After` names."
    if issubclass(kind, errors.NotAuthenticated):
        return "Yes, with credentials that are valid: sign in first."
    if issubclass(kind, errors.CallerError):
        return "No: the call has to change first."
    return "No: this is a bug; please report it."


def error_section(kind: type[HeliographError]) -> str:
    """One error, as a reader of a refusal looks it up."""
    head = f"## {kind.code}\n\n{errors.sentence(kind)}\n"
    if issubclass(kind, errors.OperatorError):
        return f"{head}\nRaised before the gateway serves: the command tells the reason and ends with exit code 2.\n"
    row = failures.TABLE[kind]
    over_soap = "always a Fault" if row.always_fault else "wrapped, or a Fault with `soap.errors = fault`"
    rows = [
        ("HTTP status", str(row.http_status)),
        ("`ErrorCode` over REST", f"`{row.error_code}`"),
        ("`ExceptionType` over SOAP", f"`{row.exception_type}`"),
        ("Form over SOAP", over_soap),
        ("Does trying again help", again(kind)),
    ]
    if row.soap_status is not None:
        rows.insert(1, ("HTTP status of the Fault", str(row.soap_status)))
    table = "\n".join(f"| {name} | {value} |" for name, value in rows)
    return f"{head}\n| | |\n|---|---|\n{table}\n"


def errors_page() -> str:
    """docs/reference/errors.md."""
    kinds = [kind for kind in family(HeliographError) if kind is not HeliographError]
    head = (
        "# Errors\n\n"
        "Rendered from `heliograph.core.errors` and `heliograph.edge.failures` by `make render`.\n\n"
        "Each heading is the error's code, which stays the same from release to release. What a provider answers\n"
        "is no error but an outcome of a delivery; the pages under [channels](../channels/) list those.\n"
    )
    return "\n".join([head, *(error_section(kind) for kind in kinds)])


def block(page: Path, name: str, content: str, *, text: str | None = None) -> str:
    """The page with the block of that name replaced; raises ValueError when the marks are missing.

    `text` is the page as rendered so far, for one with several blocks.
    """
    text, begin = page.read_text(encoding="utf-8") if text is None else text, BEGIN.format(name=name)
    before, found, rest = text.partition(begin)
    _, closed, after = rest.partition(END)
    if not (found and closed):
        raise ValueError(f"{page.relative_to(ROOT)} lacks the marks of the block {name!r}")
    return f"{before}{begin}{content}{END}{after}"


def states_block() -> str:
    """docs/architecture.md with the state drawing of this moment."""
    drawing = f"```mermaid\n{lifecycle.as_mermaid()}\n```\n"
    return block(ROOT / "docs/architecture.md", "states", drawing)


def settings_page() -> str:
    """docs/reference/settings.md, the kinds of channel that come with the gateway included."""
    return reference_page({kind: registry.load(kind).settings for kind in registry.BUILT_IN})


def channel_page(kind: str) -> str:
    """docs/channels/KIND.md with its settings and, where it has a table of them, its provider's answers."""
    page = ROOT / f"docs/channels/{kind}.md"
    text = block(page, "settings", settings_table(registry.load(kind)))
    answers = answers_table(kind)
    for name, content in (further_tables(kind) | ({"answers": answers} if answers else {})).items():
        text = block(page, name, content, text=text)
    return text


def scripting_page() -> str:
    """docs/scripting.md with the example scripts as they are tested, and the events of every method."""
    page = ROOT / "docs/scripting.md"
    text = block(page, "events", events_table())
    for example in sorted((ROOT / "examples/scripts").glob("*.py")):
        shown = f"```python\n{example.read_text(encoding='utf-8')}```\n"
        text = block(page, example.name, shown, text=text)
    return text


def compatibility_page() -> str:
    """docs/compatibility.md with every operation in every version and dialect, and every address of REST."""
    page = ROOT / "docs/compatibility.md"
    text = block(page, "operations", compatibility.operations_table())
    return block(page, "endpoints", compatibility.endpoints_table(), text=text)


def adding_a_channel_page() -> str:
    """docs/adding-a-channel.md with the files of the example package as they are tested."""
    page, package = ROOT / "docs/adding-a-channel.md", ROOT / "examples/channel-package"
    text = None
    for name, path in (
        ("heliograph_matrix.py", package / "heliograph_matrix.py"),
        ("pyproject.toml", package / "pyproject.toml"),
        ("test_heliograph_matrix.py", package / "tests/test_heliograph_matrix.py"),
    ):
        language = {".py": "python", ".toml": "toml"}[path.suffix]
        text = block(page, name, f"```{language}\n{path.read_text(encoding='utf-8')}```\n", text=text)
    assert text is not None  # noqa: S101 - there are three of them
    return text


def webhooks_page() -> str:
    """docs/using/webhooks.md with every type of event, and the receiver as it is tested."""
    page = ROOT / "docs/using/webhooks.md"
    heads = "| type | when | in `data`, beside `company_id` |\n|---|---|---|\n"
    told = {type: data.replace(DELIVERY_FACTS, "the facts of the delivery") for type, (_, data) in EVENTS.items()}
    rows = "".join(f"| `{type.value}` | {when} | {told[type]} |\n" for type, (when, _) in EVENTS.items())
    text = block(page, "events", f"{heads}{rows}\nThe facts of the delivery are {DELIVERY_FACTS}.\n")
    receiver = (ROOT / "examples/webhooks/receiver.py").read_text(encoding="utf-8")
    return block(page, "receiver.py", f"```python\n{receiver}```\n", text=text)


PAGES: dict[str, Callable[[], str]] = {
    "docs/adding-a-channel.md": adding_a_channel_page,
    "docs/architecture.md": states_block,
    "docs/compatibility.md": compatibility_page,
    "docs/reference/cli.md": cli_page,
    "docs/reference/errors.md": errors_page,
    "docs/reference/metrics.md": metrics_page,
    "docs/reference/settings.md": settings_page,
    "docs/scripting.md": scripting_page,
    "docs/using/webhooks.md": webhooks_page,
    **{f"docs/channels/{kind}.md": partial(channel_page, kind) for kind in registry.BUILT_IN},
}


def main(arguments: list[str]) -> int:
    """Write every page that differs, or with --check name it and answer 1."""
    only_check, stale = arguments == ["--check"], []
    for name, render in PAGES.items():
        page, content = ROOT / name, render()
        if page.exists() and page.read_text(encoding="utf-8") == content:
            continue
        stale.append(name)
        if not only_check:
            page.parent.mkdir(parents=True, exist_ok=True)
            page.write_text(content, encoding="utf-8")
    for name in stale:
        print(f"{name} {'is stale: run make render' if only_check else 'written'}")
    return 1 if only_check and stale else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
