"""Model fields whose column holds an encrypted token, and the digest column beside them.

    class Contact(models.Model):
        email = EncryptedEmailField(blank=True)
        email_digest = DigestField(of="email", purpose="email", db_index=True)
        note = EncryptedTextField(blank=True, default="")
        born_on = EncryptedDateField(null=True, blank=True)
        answers = EncryptedJSONField(default=dict)

Reading and writing is as with a plain field. The column is `text`. What cannot be done:

* look-ups other than `isnull` raise `FieldError`: ciphertext never equals ciphertext, so a filter
  would silently find nothing. Look up by the `DigestField`, or narrow by other columns and compare
  in Python (`values_list`, at most some hundred rows);
* ordering and `distinct()` are about ciphertext and mean nothing;
* no index, no uniqueness: the system check `lib.E001` refuses them.

A value is bound to its column by its *context*, "app.model.field" in lower case. The context is
written into migrations and copied with the field into history models, so both read what the model
wrote. Renaming a field or model therefore shows as a change of context: keep the old one with
`context="app.oldmodel.oldfield"` or re-encrypt.
"""

import datetime
import json
from typing import Any

from django import forms
from django.core import checks, exceptions, validators
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models.signals import class_prepared, pre_save
from django.utils.dateparse import parse_date

from phpsupport.lib import encryption


class EncryptedField(models.Field):
    """What all encrypted fields share. `_to_text` and `_from_text` say how a value is written."""

    def __init__(self, *args: Any, context: str | None = None, **kwargs: Any) -> None:
        self._context = context
        super().__init__(*args, **kwargs)

    # -- the context ---------------------------------------------------------------------------
    @property
    def context(self) -> str:
        """The column that values belong to: as given, else "app.model.field"."""
        if self._context:
            return self._context
        return f"{self.model._meta.label_lower}.{self.name}"

    def deconstruct(self) -> Any:
        name, path, args, kwargs = super().deconstruct()
        if self._context:
            kwargs["context"] = self._context
        elif hasattr(self, "model") and not self.model._meta.abstract:
            kwargs["context"] = self.context
        return name, path, args, kwargs

    # -- the column ----------------------------------------------------------------------------
    def get_internal_type(self) -> str:
        return "TextField"

    def check(self, **kwargs: Any) -> list[checks.CheckMessage]:
        found = [*super().check(**kwargs)]
        if self.primary_key or self.unique or getattr(self, "db_index", False):
            found.append(
                checks.Error(
                    "an encrypted field cannot be unique, indexed or a primary key",
                    hint="Put a DigestField beside it and index that.",
                    obj=self,
                    id="lib.E001",
                )
            )
        return found

    # -- values --------------------------------------------------------------------------------
    def _to_text(self, value: Any) -> str:
        return str(value)

    def _from_text(self, text: str) -> Any:
        return text

    def get_prep_value(self, value: Any) -> Any:
        value = super().get_prep_value(value)
        if value is None or hasattr(value, "resolve_expression"):
            return value
        return encryption.encrypt(self._to_text(self.to_python(value)), self.context)

    def from_db_value(self, value: str | None, expression: Any, connection: Any) -> Any:
        if value is None:
            return None
        return self._from_text(encryption.decrypt(value, self.context))

    # -- look-ups ------------------------------------------------------------------------------
    def get_lookup(self, lookup_name: str) -> Any:
        if lookup_name == "isnull":
            return super().get_lookup(lookup_name)
        raise exceptions.FieldError(self._explain(lookup_name))

    def get_transform(self, lookup_name: str) -> Any:
        raise exceptions.FieldError(self._explain(lookup_name))

    def _explain(self, lookup_name: str) -> str:
        return (
            f"{self.name!r} is encrypted and cannot be looked up by {lookup_name!r}: it would find "
            f"nothing. Use {self.name}__isnull, a DigestField beside it for exact look-up, or "
            f"narrow by other columns and compare in Python."
        )


class EncryptedTextField(EncryptedField, models.TextField):
    """Text of any length, kept encrypted. '' and NULL stay apart. Newlines are kept."""

    description = "Encrypted text"


class EncryptedCharField(EncryptedField, models.TextField):
    """One line of text, kept encrypted. `max_length` counts characters of the plain text."""

    description = "Encrypted line of text"

    def __init__(self, *args: Any, max_length: int = 200, **kwargs: Any) -> None:
        super().__init__(*args, max_length=max_length, **kwargs)
        self.validators.append(validators.MaxLengthValidator(max_length))

    def formfield(self, **kwargs: Any) -> Any:
        return super().formfield(**{"widget": forms.TextInput, **kwargs})


class EncryptedEmailField(EncryptedCharField):
    """An e-mail address, kept encrypted; validated as one."""

    description = "Encrypted e-mail address"
    default_validators = [validators.validate_email]

    def __init__(self, *args: Any, max_length: int = 254, **kwargs: Any) -> None:
        super().__init__(*args, max_length=max_length, **kwargs)

    def formfield(self, **kwargs: Any) -> Any:
        return super().formfield(
            **{"form_class": forms.EmailField, "widget": forms.EmailInput, **kwargs}
        )


class EncryptedDateField(EncryptedField):
    """A calendar date, kept encrypted; a `datetime.date` in Python."""

    description = "Encrypted date"
    empty_strings_allowed = False
    default_error_messages = {
        "invalid": "“%(value)s” is not a date that exists, as in 2026-03-31.",
    }

    def to_python(self, value: Any) -> datetime.date | None:
        if value is None or value == "":
            return None
        if isinstance(value, datetime.datetime):
            return value.date()
        if isinstance(value, datetime.date):
            return value
        try:
            parsed = parse_date(str(value))
        except ValueError:
            parsed = None
        if parsed is None:
            raise exceptions.ValidationError(
                self.error_messages["invalid"], code="invalid", params={"value": value}
            )
        return parsed

    def get_prep_value(self, value: Any) -> Any:
        return super().get_prep_value(None if value == "" else value)

    def _to_text(self, value: datetime.date) -> str:
        return value.isoformat()

    def _from_text(self, text: str) -> datetime.date | None:
        return datetime.date.fromisoformat(text) if text else None

    def value_to_string(self, obj: Any) -> str:
        value: datetime.date | None = getattr(obj, self.attname)
        return value.isoformat() if value else ""

    def formfield(self, **kwargs: Any) -> Any:
        return super().formfield(**{"form_class": forms.DateField, **kwargs})


class EncryptedJSONField(EncryptedField):
    """A JSON value (lists, objects, texts, numbers), kept encrypted as one text.

    None is NULL. Dates and decimals are written as Django's JSON encoder does and come back as
    text. Keys inside cannot be looked up.
    """

    description = "Encrypted JSON"
    empty_strings_allowed = False

    def to_python(self, value: Any) -> Any:
        return value

    def validate(self, value: Any, model_instance: Any) -> None:
        super().validate(value, model_instance)
        try:
            self._to_text(value)
        except (TypeError, ValueError):
            raise exceptions.ValidationError(
                "This value cannot be written as JSON.", code="invalid"
            ) from None

    def _to_text(self, value: Any) -> str:
        return json.dumps(
            value, cls=DjangoJSONEncoder, ensure_ascii=False, allow_nan=False, separators=(",", ":")
        )

    def _from_text(self, text: str) -> Any:
        return json.loads(text) if text else None

    def value_to_string(self, obj: Any) -> Any:
        return self.value_from_object(obj)

    def formfield(self, **kwargs: Any) -> Any:
        return super().formfield(**{"form_class": forms.JSONField, **kwargs})


class DigestField(models.CharField):
    """The keyed digest of another field, for exact look-up of an encrypted value.

    With `of` the digest follows that field whenever the instance is saved or bulk created; saving
    with `update_fields` that name the field but not the digest raises, since the two would part.
    (`QuerySet.update()` and `bulk_update()` do not follow; give both columns.) Look up with

        Contact.objects.filter(email_digest=digest("a@b.example", "email"))

    A look-up by anything that is not a digest raises instead of finding nothing. '' means "no
    value"; exclude it from a unique constraint.
    """

    description = "Keyed digest for look-up"

    def __init__(
        self, *args: Any, of: str | None = None, purpose: str | None = None, **kwargs: Any
    ) -> None:
        self.of = of
        self.purpose = purpose or of
        kwargs["max_length"] = encryption.DIGEST_LENGTH
        kwargs.setdefault("editable", False)
        kwargs.setdefault("blank", True)
        kwargs.setdefault("default", "")
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> Any:
        name, path, args, kwargs = super().deconstruct()
        del kwargs["max_length"]
        # Written out always: the defaults of this field differ from Django's.
        kwargs.update(editable=self.editable, blank=self.blank, default=self.default)
        if self.of:
            kwargs["of"] = self.of
        if self.purpose and self.purpose != self.of:
            kwargs["purpose"] = self.purpose
        return name, path, args, kwargs

    def contribute_to_class(
        self, cls: type[models.Model], name: str, private_only: bool = False
    ) -> None:
        super().contribute_to_class(cls, name, private_only)
        if self.of and not cls._meta.abstract and cls.__module__ != "__fake__":
            class_prepared.connect(self._watch, sender=cls, weak=False)

    def _watch(self, sender: Any, **_: Any) -> None:
        pre_save.connect(
            self._refuse_parting,
            sender=sender,
            weak=False,
            dispatch_uid=f"{sender._meta.label}.{self.name}",
        )

    def _refuse_parting(self, sender: Any, update_fields: Any = None, **_: Any) -> None:
        if update_fields and self.of in update_fields and self.name not in update_fields:
            raise ValueError(
                f"update_fields names {self.of!r} without {self.name!r}: the digest would go stale"
            )

    def pre_save(self, model_instance: Any, add: bool) -> Any:
        if not self.of:
            return super().pre_save(model_instance, add)
        value = getattr(model_instance, self.of)
        if hasattr(value, "resolve_expression"):
            raise ValueError(f"{self.of!r} is an expression: its digest cannot be computed")
        text = value.isoformat() if isinstance(value, datetime.date) else value
        result = encryption.digest(text, self.purpose or "")
        setattr(model_instance, self.attname, result)
        return result

    def get_prep_value(self, value: Any) -> Any:
        value = super().get_prep_value(value)
        if value in (None, "") or hasattr(value, "resolve_expression"):
            return value
        if len(value) != encryption.DIGEST_LENGTH or set(value) - set("0123456789abcdef"):
            raise ValueError(
                f"{self.name!r} holds digests: look up with "
                f"{self.name}=digest(value, {self.purpose!r}) from phpsupport.lib.encryption"
            )
        return value
