"""The one way JSON from outside becomes a document: UTF-8, nothing that is not JSON, names that stand twice left to see."""

from __future__ import annotations

import codecs
import json
from typing import Any, NoReturn

from heliograph.core.errors import Malformed

_UTF8 = frozenset({"", "utf-8", "utf8"})


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


#: An object becomes a tuple of its pairs, which shows a name that stands twice and costs no Python call.
_READER = json.JSONDecoder(object_pairs_hook=tuple, parse_constant=_no_constant)


def read_json(body: bytes, charset: str = "") -> Any:
    """The document: objects as tuples of pairs, arrays as lists. Raises Malformed."""
    if charset not in _UTF8:
        raise Malformed(f"The charset {charset[:40]!r} is not read here: send JSON in UTF-8.")
    try:
        return _READER.decode(body.removeprefix(codecs.BOM_UTF8).decode("utf-8"))
    except json.JSONDecodeError as error:
        raise Malformed(f"The JSON cannot be read: {error.msg} (line {error.lineno}, column {error.colno}).") from None
    except UnicodeDecodeError:
        raise Malformed("The JSON is not valid UTF-8.") from None
    except ValueError:  # NaN, Infinity, a number of thousands of digits
        raise Malformed("The JSON has a number that cannot be read.") from None
    except RecursionError:
        raise Malformed("The JSON is nested too deep.") from None
