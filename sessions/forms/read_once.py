"""Choices whose rows are read once: to check what was sent, and to show the page again."""

from collections.abc import Iterator
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.forms.models import ModelChoiceIterator


class _Rows(ModelChoiceIterator):
    """The rows that the field has read, where Django would ask for them each time."""

    def __iter__(self) -> Iterator[Any]:
        if self.field.empty_label is not None:
            yield ("", self.field.empty_label)
        for row in self.queryset:
            yield self.choice(row)


class OneOf(forms.ModelChoiceField):
    """One of some rows."""

    iterator = _Rows

    def to_python(self, value: Any) -> Any:
        if value in self.empty_values:
            return None
        rows: Any = self.queryset
        key = str(value.pk) if isinstance(value, rows.model) else str(value)
        for row in rows:
            if str(row.pk) == key:
                return row
        raise ValidationError(self.error_messages["invalid_choice"], code="invalid_choice")


class SomeOf(forms.ModelMultipleChoiceField):
    """Several of some rows, in the order of the rows."""

    iterator = _Rows

    def _check_values(self, value: Any) -> Any:
        rows: Any = self.queryset
        asked = {str(one) for one in value}
        found = [row for row in rows if str(row.pk) in asked]
        if len(found) < len(asked):
            raise ValidationError(self.error_messages["invalid_choice"], code="invalid_choice")
        return found
