"""Sign-ins that are over are swept away, with what stood in them."""

from datetime import datetime, timedelta

from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.sessions.models import Session
from django.db.models import Exists, OuterRef


def sweep_sessions(*, at: datetime) -> int:
    """Delete what has run out: sessions, whose messages may name somebody, uploads that nobody
    confirmed, and from where somebody was signed in. Run it as often as you like."""
    gone, _ = Session.objects.filter(expire_date__lt=at).delete()
    alive = Session.objects.filter(session_key=OuterRef("session_key"))
    over = at - timedelta(seconds=settings.SESSION_COOKIE_AGE)  # none lives longer
    UserSession.objects.filter(~Exists(alive), created_at__lt=over).delete()
    return gone
