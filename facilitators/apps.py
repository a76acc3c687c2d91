from django.apps import AppConfig


class FacilitatorsConfig(AppConfig):
    name = "facilitators"
    label = "facilitators"

    def ready(self) -> None:
        from facilitators import grants, messages, receivers  # noqa: F401
