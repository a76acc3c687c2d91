"""The secret address of one's own calendar: made, made anew, taken back."""

import hashlib
import secrets
from datetime import datetime
from typing import Final

from django.db import transaction

from phpsupport.access.roles import Role
from phpsupport.access.scope import scope_of
from phpsupport.audit.trail import record
from phpsupport.lib.errors import Refused
from phpsupport.users.models import User
from sessions.models import CalendarFeed

TOKEN_BYTES: Final = 32  # 256 bits
# Who has a calendar: those who lead, and participants with an account.
WITH_CALENDAR: Final = (Role.FACILITATOR, Role.PARTICIPANT)


def token_hash(token: str) -> str:
    """What is kept of a token. It holds 256 random bits, so a plain hash tells nothing."""
    return hashlib.sha256(token.encode()).hexdigest()


@transaction.atomic
def make_feed(*, by: User, at: datetime) -> tuple[CalendarFeed, str]:
    """A new secret address for one's own calendar, with its token; the one before stops at once.

    The token is nowhere but in what this returns. Done twice, the second is the one that counts.
    """
    if not scope_of(by).programs(*WITH_CALENDAR):
        raise Refused("A calendar is for those who lead groups and for participants.")
    User.objects.select_for_update(no_key=True).get(pk=by.pk)
    _revoke(by, at, why="replaced")
    token = secrets.token_urlsafe(TOKEN_BYTES)
    feed = CalendarFeed.objects.create(user=by, token_hash=token_hash(token), made_at=at)
    _note("calendar.made", feed, by, at)
    return feed, token


@transaction.atomic
def revoke_feed(*, by: User, at: datetime) -> bool:
    """Let one's own address stop working; whether there was one. Twice changes nothing."""
    User.objects.select_for_update(no_key=True).get(pk=by.pk)
    return _revoke(by, at, why="owner")


def _revoke(user: User, at: datetime, *, why: str) -> bool:
    live = CalendarFeed.objects.filter(user=user, revoked_at=None).first()
    if live is None:
        return False
    live.revoked_at, live.revoked_for = at, why
    live.save(update_fields=["revoked_at", "revoked_for"])
    _note("calendar.revoked", live, user, at)
    return True


def _note(action: str, feed: CalendarFeed, by: User, at: datetime) -> None:
    for program_id in scope_of(by).programs(*WITH_CALENDAR):
        record(action, by=by, at=at, obj=feed, program_id=program_id)


def note_reading(*, feed: CalendarFeed, at: datetime) -> None:
    """When the calendar was last read, to the hour, for its owner to see."""
    hour = at.replace(minute=0, second=0, microsecond=0)
    if feed.last_read_at is None or feed.last_read_at < hour:
        CalendarFeed.objects.filter(pk=feed.pk).update(last_read_at=hour)
