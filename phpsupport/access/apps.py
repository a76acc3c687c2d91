from django.apps import AppConfig


class AccessConfig(AppConfig):
    name = "phpsupport.access"
    label = "access"

    def ready(self) -> None:
        from phpsupport.access import signing  # noqa: F401
