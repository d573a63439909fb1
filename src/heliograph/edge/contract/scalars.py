"""The simple types every carrier is made of, and the arrays of them (contract section 1.1)."""

from __future__ import annotations

from heliograph.edge.contract.model import Array, Dictionary, Family, Scalar

STRING = Scalar("string", nullable=True)
BASE64 = Scalar("base64Binary", nullable=True)
BOOLEAN = Scalar("boolean", "false")
SHORT = Scalar("short", "0")
INT = Scalar("int", "0")
LONG = Scalar("long", "0")
DATE_TIME = Scalar("dateTime", "0001-01-01T00:00:00")  # .NET's DateTime.MinValue: no date at all
DURATION = Scalar("duration", "PT0S", family=Family.SERIALIZATION)

INTS = Array(item=INT, item_name="int", family=Family.ARRAYS)
STRINGS = Array(item=STRING, item_name="string", family=Family.ARRAYS)
STRING_DICTIONARY = Dictionary(name="StringDictionary", pair="StringKeyValuePair", key=STRING, value=STRING)
