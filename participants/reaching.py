"""Addresses and numbers as they are kept and shown. Pure.

A phone number is kept as E.164 with its extension ("+12075550100 ext. 12"), so that two ways of
writing the same number are the same. A number may be possible without being in service: lists of
numbers in service are always behind, and staff know better.
"""

from typing import Final

import phonenumbers
from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from phpsupport.lib.errors import Refused

HOME_REGION: Final = "US"


def clean_email(text: str) -> str:
    """The address as it is kept, '' for none; Refused (field `email`) when it is no address."""
    address = "".join(text.split())
    if not address:
        return ""
    try:
        validate_email(address)
    except ValidationError:
        raise Refused(
            "Enter an e-mail address such as name@example.org.", field="email", code="email"
        ) from None
    return address


def clean_phone(text: str) -> str:
    """The number as it is kept, '' for none; Refused (field `phone`) when it cannot be a number."""
    if not text.strip():
        return ""
    refusal = Refused(
        "Enter a phone number with its area code, for example (207) 555-0100. "
        "Start a number from abroad with + and the country.",
        field="phone",
        code="phone",
    )
    try:
        number = phonenumbers.parse(text, HOME_REGION)
    except phonenumbers.NumberParseException:
        raise refusal from None
    if (
        phonenumbers.is_possible_number_with_reason(number)
        != phonenumbers.ValidationResult.IS_POSSIBLE
    ):
        raise refusal
    kept = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return f"{kept} ext. {number.extension}" if number.extension else kept


def shown_phone(kept: str) -> str:
    """A kept number as people read it: "(207) 555-0100", "+44 20 7946 0018"."""
    try:
        number = phonenumbers.parse(kept, HOME_REGION)
    except phonenumbers.NumberParseException:
        return kept
    near = number.country_code == phonenumbers.country_code_for_region(HOME_REGION)
    style = phonenumbers.PhoneNumberFormat
    return phonenumbers.format_number(number, style.NATIONAL if near else style.INTERNATIONAL)


def masked_email(address: str) -> str:
    """Enough to recognize one's own address, too little for somebody looking over the shoulder."""
    name, _, host = address.rpartition("@")
    return f"{name[:1]}•••@{host}" if name else ""


def masked_phone(kept: str) -> str:
    """The last two digits of a number."""
    digits = [c for c in kept.partition(" ext.")[0] if c.isdigit()]
    return f"number ending in {''.join(digits[-2:])}" if digits else ""
