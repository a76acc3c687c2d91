"""One's own profile."""

from phpsupport.lib.forms import ModelForm, Row, Section
from phpsupport.users.models import User


class ProfileForm(ModelForm):
    """What colleagues see, and how the pages look to oneself."""

    submit = "Save"
    autofill = {"first_name": "given-name", "last_name": "family-name"}
    layout = (
        Section("Your name", Row("first_name", "last_name"), Row("preferred_name", "pronouns")),
        Section("How pages look", "theme"),
        Section("Messages", "wants_reminders", "time_zone"),
    )

    class Meta:
        model = User
        fields = (
            "first_name", "last_name", "preferred_name", "pronouns", "theme", "time_zone", "wants_reminders",
        )  # fmt: skip
        labels = {
            "last_name": "Last name",
            "theme": "Light or dark",
            "time_zone": "Your time zone",
            "wants_reminders": "Remind me of my sessions by e-mail",
        }
        help_texts = {
            "time_zone": "So that nothing is sent at night where you are. Pages show the site's own times.",
        }
