from django.urls import path, register_converter

from phpsupport.devmail import views


class LetterName:
    """The catcher's names: nanoseconds and some random digits."""

    regex = r"[0-9]{1,20}-[0-9a-f]{8}"

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


register_converter(LetterName, "letter_name")

app_name = "devmail"
urlpatterns = [
    path("", views.box, name="box"),
    path("<letter_name:name>/", views.letter, name="letter"),
    path("<letter_name:name>/html/", views.letter_html, name="letter-html"),
]
