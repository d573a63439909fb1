"""What a page of HTML says, as plain text: the other half of a mail for those who read without."""

from __future__ import annotations

import re

from lxml import etree

LONGEST = 512 * 1024  # characters of HTML that are read
_SILENT = {"script", "style", "head", "title", "template", "noscript", "object", "svg", "math"}
_LINE, _PARAGRAPH = "\x1e", "\x1d"  # a new line, or a new paragraph, begins here, however often it is said
_LINES = (
    "div", "tr", "li", "dt", "dd", "section", "article", "header", "footer", "form", "address", "center", "option",
)  # fmt: skip
_PARAGRAPHS = (
    "p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "dl", "table", "blockquote", "pre", "hr", "body", "figure",
)  # fmt: skip
_AROUND = dict.fromkeys(_LINES, _LINE) | dict.fromkeys(_PARAGRAPHS, _PARAGRAPH)  # what stands before and after a tag
_SPACE = re.compile(r"[ \t\r\n\f\x1c-\x1f\xa0]+")
_BREAKS = re.compile(r" *[\x1d\x1e][\x1d\x1e ]*")


def as_text(html: str) -> str:
    """Paragraphs and lines as they would stand, `- ` before the items of a list, the address of a link after its words."""
    root = _read(html)
    if root is None:
        return ""
    said: list[str] = []
    silent = 0
    for event, element in etree.iterwalk(root, events=("start", "end")):
        tag = element.tag if isinstance(element.tag, str) else ""
        if tag in _SILENT:
            silent += 1 if event == "start" else -1
        elif not silent:
            said.append(_before(element, tag) if event == "start" else _after(element, tag))
        if not silent:
            words = element.text if event == "start" else element.tail
            said.append(_SPACE.sub(" ", words or ""))
    return _tidied("".join(said))


def title(html: str) -> str:
    """What its `title` says; empty for none."""
    root = _read(html)
    found = root.findtext(".//title") if root is not None else None
    return _SPACE.sub(" ", found or "").strip()


def _read(html: str) -> etree._Element | None:
    text = html[:LONGEST].replace("\x00", "\ufffd").encode("utf-8", "replace")
    parser = etree.HTMLParser(encoding="utf-8", no_network=True, remove_comments=True, remove_pis=True)
    try:
        return etree.fromstring(text, parser)
    except etree.XMLSyntaxError:  # nothing in it, or nested deeper than anybody writes
        return None


def _before(element: etree._Element, tag: str) -> str:
    if tag == "li":
        return f"{_LINE}- "
    if tag == "img":
        return str(element.get("alt") or "")
    if tag in ("td", "th"):
        return " "
    return "\n" if tag == "br" else _AROUND.get(tag, "")


def _after(element: etree._Element, tag: str) -> str:
    if tag == "a":
        where = str(element.get("href") or "").strip()
        shown = "".join(str(part) for part in element.itertext()).strip()
        return f" ({where})" if where.startswith(("http://", "https://")) and where != shown else ""
    return _AROUND.get(tag, "")


def _tidied(text: str) -> str:
    text = _BREAKS.sub(lambda found: "\n\n" if _PARAGRAPH in found[0] else "\n", text)
    lines = [_SPACE.sub(" ", line).strip() for line in text.split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()
