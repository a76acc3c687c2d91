"""Second-factor secrets stand inside a JSON column: this brings them to the newest key."""

from typing import Any

from allauth.mfa.models import Authenticator
from django.db import transaction

from phpsupport.lib import encryption
from phpsupport.users.adapters import MFA_CONTEXT


def rotate_second_factors(dry_run: bool) -> int:
    """Re-encrypt TOTP secrets and recovery seeds; the number of accounts' factors that were older.

    One short transaction for each factor, so that a sign-in never waits long. Safe to repeat.
    """
    older = 0
    for pk in list(Authenticator.objects.order_by("pk").values_list("pk", flat=True)):
        with transaction.atomic():
            factor = Authenticator.objects.select_for_update().filter(pk=pk).first()
            if factor is None:
                continue
            renewed = _renewed(factor.data)
            if renewed != factor.data:
                older += 1
                if not dry_run:
                    factor.data = renewed
                    factor.save(update_fields=["data"])
    return older


def _renewed(value: Any) -> Any:
    """The same JSON value with every token in it under the newest key."""
    if isinstance(value, dict):
        return {name: _renewed(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_renewed(part) for part in value]
    if isinstance(value, str) and value.startswith(encryption.FORMAT + encryption.SEPARATOR):
        return encryption.reencrypt(value, MFA_CONTEXT)
    return value
