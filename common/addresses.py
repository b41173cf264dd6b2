"""E-mail addresses: one form to mail to, one key to match by.

Every address that enters the product (import, API, admin, bounce, unsubscribe) passes through
`normalize_address`, so two spellings of one mailbox always meet under one key.
Sources: RFC 5321 4.5.3.1 (lengths), RFC 5322 3.2.3 (dot-atom), IDNA 2008 (RFC 5891) with the
mapping of Unicode TR 46.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import idna

from common.errors import DomainError

MAX_LOCAL_OCTETS: Final = 64  # RFC 5321 4.5.3.1.1
MAX_ADDRESS_OCTETS: Final = 254  # RFC 5321 4.5.3.1.3: a path of 256 with its angle brackets
MAX_DOMAIN_OCTETS: Final = 253  # RFC 1035 2.3.4: 255 on the wire
MAX_RAW_CHARS: Final = 1_000  # nothing longer is looked at; generous for mailto: and brackets
DOMAIN_CACHE_SIZE: Final = 10_000  # domains; a list holds few domains and many people

_INVISIBLE: Final = (
    "\u00ad\u200b\u200e\u200f\u2060\ufeff\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
)
_JOINERS: Final = dict.fromkeys((0x200C, 0x200D))  # they carry meaning only in some scripts
_FULL_WIDTH: Final = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}
_AS_TYPED: Final = dict.fromkeys(map(ord, _INVISIBLE)) | _FULL_WIDTH | {0xFE6B: ord("@")}
_WRAPPINGS: Final = ("<>", '""', "''", "()", "[]", "“”", "\u2018\u2019", "«»")

_SPACE: Final = re.compile(r"\s")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_NOT_ATEXT: Final = re.compile(r"[^A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]")
_LABEL: Final = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)")
_PLAIN: Final = re.compile(
    r"[A-Za-z0-9_+-]+(?:\.[A-Za-z0-9_+-]+)*@((?:[a-z0-9]+(?:-[a-z0-9]+)*\.)+[a-z]{2,63})"
)


class AddressError(DomainError):
    """An address that cannot be mailed; `message` is a sentence for the person who typed it."""


@dataclass(frozen=True, slots=True)
class Address:
    """One mailbox.

    `email` is what is mailed: local part as typed, domain as lower-case A-labels.
    `key` is what is matched: all lower-case, no folding of dots or plus tags.
    """

    email: str
    key: str
    domain: str


def normalize_address(raw: str) -> Address:
    """Return the mailable form and the key of a typed address.

    Spaces around it, quotes, angle brackets, `mailto:`, invisible characters, full-width letters
    and a final dot are forgiven. A display name is not: see `split_display_name`.
    Raises AddressError with a stable code and a sentence that says what to change.
    """
    plain = _PLAIN.fullmatch(raw)
    if plain and len(raw) <= MAX_LOCAL_OCTETS and "--" not in plain[1]:
        return Address(email=raw, key=raw.lower(), domain=plain[1])
    text = _unwrapped(raw)
    _refuse_wrong_shape(text)
    local, _, typed_domain = text.partition("@")
    local = _checked_local(local.translate(_JOINERS))
    domain = _domain_as_a_labels(typed_domain)
    email = f"{local}@{domain}"
    if len(email) > MAX_ADDRESS_OCTETS:
        raise AddressError(
            "address_too_long",
            f"The address has {len(email)} characters; {MAX_ADDRESS_OCTETS} is the limit.",
        )
    return Address(email=email, key=email.lower(), domain=domain)


def split_display_name(raw: str) -> tuple[str, str]:
    """Return (name, address text) of `Name <address>`; the name is empty when there is none."""
    if "<" not in raw:
        return "", raw
    text = raw.strip()
    before, bracket, rest = text.rpartition("<")
    inside, closing, after = rest.partition(">")
    if not (bracket and closing) or after.strip(" ,;"):
        return "", raw
    return before.strip().strip("\"'").strip(), inside


def _unwrapped(raw: str) -> str:
    if len(raw) > MAX_RAW_CHARS:
        raise AddressError(
            "address_too_long",
            f"The address field has {len(raw):,} characters; {MAX_ADDRESS_OCTETS} is the limit.",
        )
    text, previous = raw.translate(_AS_TYPED), None
    while text != previous:
        previous = text
        text = text.strip().rstrip(",;").rstrip()
        if text[:7].lower() == "mailto:":
            text = text[7:].partition("?")[0]
        if len(text) > 1 and text[0] + text[-1] in _WRAPPINGS:
            text = text[1:-1]
    return text


def _refuse_wrong_shape(text: str) -> None:
    """Raise AddressError unless there is one @ with something on both sides and no white space."""
    if not text:
        raise AddressError("address_empty", "There is no address.")
    if _CONTROL.search(text):
        raise AddressError(
            "address_control_character",
            "The address contains a line break or another control character. Remove it.",
        )
    if "<" in text or ">" in text:
        raise AddressError(
            "address_with_name", "Give the address alone, without a name: name@example.com."
        )
    if text.startswith('"'):
        raise AddressError(
            "address_quoted", "An address with quotation marks before the @ is not supported."
        )
    _refuse_wrong_at(text)
    if _SPACE.search(text):
        raise AddressError("address_space", "The address contains a space. Remove it.")


def _refuse_wrong_at(text: str) -> None:
    match text.count("@"):
        case 0:
            message = "The address has no @. It should look like name@example.com."
            raise AddressError("address_without_at", message)
        case 1:
            pass
        case _:
            message = "The address has more than one @. Give one address only."
            raise AddressError("address_several_at", message)
    if text.startswith("@"):
        raise AddressError("address_without_local", "There is nothing before the @.")
    if text.endswith("@"):
        raise AddressError("address_without_domain", "There is no domain after the @.")


def _checked_local(local: str) -> str:
    """Return the part before the @ if it is a dot-atom of ASCII characters."""
    wrong = _NOT_ATEXT.search(local)
    if wrong and not wrong[0].isascii():
        raise AddressError(
            "address_local_not_ascii",
            f"“{wrong[0]}” before the @ is not supported. "
            "Only letters a to z without accents, digits and some signs are.",
        )
    if wrong:
        raise AddressError("address_local_sign", f"“{wrong[0]}” is not allowed before the @.")
    if local.startswith(".") or local.endswith(".") or ".." in local or not local:
        raise AddressError(
            "address_local_dots",
            "Before the @ a dot may only stand between two other characters.",
        )
    if len(local) > MAX_LOCAL_OCTETS:
        raise AddressError(
            "address_local_too_long",
            f"There are {len(local)} characters before the @; {MAX_LOCAL_OCTETS} is the limit.",
        )
    return local


@lru_cache(maxsize=DOMAIN_CACHE_SIZE)
def _domain_as_a_labels(typed: str) -> str:
    if typed.startswith("["):
        raise AddressError(
            "address_ip_literal", "Give a domain name after the @, not an IP address."
        )
    shortened = typed.translate(_JOINERS)
    domain = _encoded(shortened if shortened.isascii() else typed).removesuffix(".")
    labels = domain.split(".")
    if not all(labels):
        raise AddressError(
            "address_domain_dots", f"The domain “{typed}” has a dot too many. Remove it."
        )
    if len(labels) == 1:
        raise AddressError(
            "address_domain_without_dot",
            f"The domain “{typed}” has no ending such as .com. Is a part missing?",
        )
    if labels[-1].isdigit():
        raise AddressError(
            "address_ip_literal", "Give a domain name after the @, not an IP address."
        )
    if len(domain) > MAX_DOMAIN_OCTETS or not all(map(_LABEL.fullmatch, labels)):
        raise _invalid_domain(typed)
    return domain


def _encoded(domain: str) -> str:
    """Return the domain in lower-case ASCII; Unicode labels become A-labels (RFC 5891)."""
    lowered = domain.lower()
    if lowered.isascii() and "xn--" not in lowered:
        return lowered  # a plain name may hold "--" in places where IDNA forbids it
    try:
        return idna.encode(domain, uts46=True, std3_rules=True).decode("ascii")
    except UnicodeError as error:
        raise _invalid_domain(domain) from error


def _invalid_domain(typed: str) -> AddressError:
    return AddressError(
        "address_domain_invalid",
        f"“{typed}” is not a valid domain. Check it for typing errors.",
    )
