from django.apps import AppConfig


class LibConfig(AppConfig):
    """Registers the lowest layer, so that its template tags and checks are found."""

    name = "phpsupport.lib"
    label = "lib"
    verbose_name = "Foundation library"
