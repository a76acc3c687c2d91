"""The form that takes the files."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile

from phpsupport.importing.readers import MAX_BYTES, MAX_BYTES_TOGETHER, MAX_FILES
from phpsupport.lib.forms import Form

MB = 1024 * 1024


class SeveralFiles(forms.ClearableFileInput):
    allow_multiple_selected = True


class FilesField(forms.FileField):
    """One or more files at once."""

    widget = SeveralFiles

    def clean(self, data: Any, initial: Any = None) -> list[UploadedFile]:
        sent = data if isinstance(data, list | tuple) else [data]
        if not sent:
            raise ValidationError(self.error_messages["required"], code="required")
        return [super(FilesField, self).clean(one, initial) for one in sent]


class UploadForm(Form):
    """A program's files, several at once."""

    submit = "Check the files"
    uploads = FilesField(
        label="Files",
        allow_empty_file=True,
        help_text=f"CSV or XLSX, up to {MAX_FILES} at once, {MAX_BYTES // MB} MB each. "
        "Nothing is saved until you have seen what would happen.",
        error_messages={
            "required": "Choose at least one file.",
            "max_length": "The name of a file is too long. Shorten it.",
        },
        widget=SeveralFiles(attrs={"accept": ".csv,.xlsx"}),
    )

    def clean_uploads(self) -> list[UploadedFile]:
        files: list[UploadedFile] = self.cleaned_data["uploads"]
        if len(files) > MAX_FILES:
            raise ValidationError(f"Send at most {MAX_FILES} files at once.")
        for file in files:
            if (file.size or 0) > MAX_BYTES:
                raise ValidationError(
                    f"{str(file.name)[:60]} is larger than {MAX_BYTES // MB} MB. Split it and import "
                    "the parts one after the other."
                )
        if sum(file.size or 0 for file in files) > MAX_BYTES_TOGETHER:
            raise ValidationError(
                f"The files together are larger than {MAX_BYTES_TOGETHER // MB} MB. Send them in parts."
            )
        return files
