"""What the script of a page needs in order to lose nothing that is typed there."""

import json
from typing import Any

from django import template
from django.urls import reverse
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from phpsupport.lib import clock
from phpsupport.users.device import device_keys, opaque, owner_token
from sessions.models import GroupSession

register = template.Library()


@register.simple_tag(takes_context=True)
def keeping(context: dict[str, Any], session: GroupSession) -> SafeString:
    """The data attributes of the notes' form: where to save, where to sign in again, whose page it
    is, and the keys for what stays on the device (read once and taken out of the page)."""
    user = context["request"].user
    given = {
        "save": reverse("sessions:note-save", args=[session.pk]),
        "sign": reverse("sessions:note-sign", args=[session.pk]),
        "again": reverse("access:again"),
        "owner": owner_token(user, session.program_id),
        "keys": json.dumps(device_keys(user, at=clock.now())),
        "person": opaque(user, "person"),
        "kept": opaque(user, f"note {session.pk}"),
    }
    return format_html_join("", ' data-{}="{}"', given.items())
