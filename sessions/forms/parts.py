"""What the forms of the schedule share."""

from typing import Any

from phpsupport.lib.forms import Form


class PartForm(Form):
    """A form that stands inside a page's own <form>, beside other questions."""

    @property
    def inside(self) -> Any:
        """The helper without the form tag and the token, which the page has."""
        made = self.helper
        made.form_tag, made.disable_csrf = False, True
        return made
