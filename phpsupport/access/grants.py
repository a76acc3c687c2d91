"""Which rows a person may see. Each app registers its rules; what nobody granted is not there."""

from collections.abc import Callable
from typing import Any, Self

from django.db import models
from django.db.models import Q

from phpsupport.access.scope import Scope, scope_of
from phpsupport.users.models import User

Rule = Callable[[Scope], Q | None]
_rules: dict[type[models.Model], list[Rule]] = {}
_limits: dict[type[models.Model], list[Rule]] = {}


def grant(*of: type[models.Model]) -> Callable[[Rule], Rule]:
    """Register a rule: given a scope, the rows of each model it opens, or None for none.

    An upper app may open rows of a lower one this way without the lower one knowing it.
    """

    def register(rule: Rule) -> Rule:
        for model in of:
            _rules.setdefault(model, []).append(rule)
        return rule

    return register


def limit(*of: type[models.Model]) -> Callable[[Rule], Rule]:
    """Register a rule that no grant can pass: only rows matching it stay visible."""

    def register(rule: Rule) -> Rule:
        for model in of:
            _limits.setdefault(model, []).append(rule)
        return rule

    return register


def visible(model: type[models.Model], scope: Scope) -> Q | None:
    """The union of what the rules open, cut by the limits; None when nothing is open."""
    opened = [q for rule in _rules.get(model, []) if (q := rule(scope)) is not None]
    if not opened:
        return None
    union = opened[0]
    for q in opened[1:]:
        union |= q
    for rule in _limits.get(model, []):
        if (q := rule(scope)) is not None:
            union &= q
    return union


class GrantedQuerySet(models.QuerySet[Any]):
    """A queryset whose rows reach a page only through `visible_to`."""

    def visible_to(self, user: User) -> Self:
        """The rows this person may see by their roles today; none without a role."""
        q = visible(self.model, scope_of(user))
        return self.none() if q is None else self.filter(q)
