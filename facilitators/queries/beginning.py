"""When somebody's work as a facilitator began, where nobody wrote down the day of hiring."""

from django.db.models import F, OuterRef, Subquery
from django.db.models.functions import Coalesce

from phpsupport.access.models import RoleAssignment
from phpsupport.access.roles import Role

_ROLES = RoleAssignment.objects.filter(
    user=OuterRef("user"), program=OuterRef("program"), role=Role.FACILITATOR
)
# For `Facilitator` rows: the day of hiring, else the first day of the role; None without either.
BEGUN_ON = Coalesce(F("hired_on"), Subquery(_ROLES.order_by("starts_on").values("starts_on")[:1]))
