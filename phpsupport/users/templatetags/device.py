"""Names under which a person's pages keep and hear things on the device; see phpsupport.users.device."""

from typing import Any

from django import template

from phpsupport.users.device import opaque

register = template.Library()


@register.simple_tag(takes_context=True)
def device_person(context: dict[str, Any]) -> str:
    """The signed-in person, for the device alone: a name that says nothing."""
    request = context.get("request")
    user = getattr(request, "user", None)
    return opaque(user, "person") if user is not None and user.is_authenticated else ""
