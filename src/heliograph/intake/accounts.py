"""What a company's and a user's particulars must look like, and how new secrets are made."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping

import msgspec

from heliograph.core.errors import FieldError, InvalidArgument
from heliograph.core.people import Role
from heliograph.intake.sign_in import TICKET_PREFIX, Entropy

KEY_PREFIX = "hk_"
PASSWORD_MIN, PASSWORD_MAX = 8, 1024
_EMAIL = re.compile(r"[^\s@<>\"(),:;\\\[\]]{1,64}@[^\s@<>\"(),:;\\\[\]]{1,189}")
_PHONE = re.compile(r"\+?[0-9]{3,15}")
_PHONE_DRESS = re.compile(r"[ .()/\-]")


class UserDraft(msgspec.Struct, frozen=True, kw_only=True):
    """A user about to be added. The members are the columns of an import file."""

    user_name: str
    email: str = ""
    external_id: str = ""
    phone: str = ""
    full_name: str = ""
    password: str = ""
    role: str = Role.USER.value


COLUMNS = UserDraft.__struct_fields__


def new_integration_key(entropy: Entropy) -> str:
    """An integration key of 160 random bits, with a prefix by which leaked ones can be searched for."""
    return KEY_PREFIX + base64.b32encode(entropy(20)).decode("ascii").lower()


def new_password(entropy: Entropy) -> str:
    """A password of 100 random bits in four groups, easy to read aloud."""
    letters = base64.b32encode(entropy(13)).decode("ascii").lower()[:20]
    return "-".join(letters[i : i + 5] for i in range(0, 20, 5))


def new_user_id(entropy: Entropy) -> str:
    """A GUID as the REST API shows it: 32 hex digits."""
    return entropy(16).hex()


def checked(draft: UserDraft) -> UserDraft:
    """The draft trimmed, its phone number undressed to digits. Raises InvalidArgument naming every bad field."""
    tidy = UserDraft(
        user_name=draft.user_name.strip(),
        email=draft.email.strip(),
        external_id=draft.external_id.strip(),
        phone=_PHONE_DRESS.sub("", draft.phone.strip()),
        full_name=draft.full_name.strip(),
        password=draft.password,
        role=draft.role.strip().lower() or Role.USER.value,
    )
    broken = tuple(FieldError(field, "Invalid", sentence) for field, sentence in _complaints(tidy).items())
    if broken:
        raise InvalidArgument(" ".join(error.message for error in broken), fields=broken)
    return tidy


def _complaints(draft: UserDraft) -> Mapping[str, str]:
    found = {}
    if not draft.user_name:
        found["user_name"] = "user_name is empty."
    elif draft.user_name.startswith(TICKET_PREFIX):
        found["user_name"] = f"user_name must not begin with {TICKET_PREFIX}: that is how a ticket begins."
    for field, most in (("user_name", 100), ("external_id", 200), ("full_name", 200), ("email", 254)):
        value = getattr(draft, field)
        if len(value) > most:
            found[field] = f"{field} is longer than {most} characters."
        elif not value.isprintable():
            found[field] = f"{field} holds characters that cannot be printed."
    if draft.email and not _EMAIL.fullmatch(draft.email):
        found["email"] = "email is not an e-mail address."
    if draft.phone and not _PHONE.fullmatch(draft.phone):
        found["phone"] = "phone is not a number of 3 to 15 digits."
    if draft.role not in {role.value for role in Role}:
        found["role"] = f"role is none of {', '.join(Role)}."
    if draft.password and (reason := password_complaint(draft.password)):
        found["password"] = reason
    return found


def password_complaint(password: str) -> str:
    """Why this cannot be a password, or nothing."""
    if not PASSWORD_MIN <= len(password) <= PASSWORD_MAX:
        return f"password must have {PASSWORD_MIN} to {PASSWORD_MAX} characters."
    return ""


def company_name(name: str) -> str:
    """The name trimmed. Raises InvalidArgument when it is empty, too long or unprintable."""
    tidy = name.strip()
    if not tidy or len(tidy) > 200 or not tidy.isprintable():
        raise InvalidArgument("A company needs a name of 1 to 200 printable characters.", field="name")
    return tidy
