from django.apps import AppConfig


class ParticipantsConfig(AppConfig):
    name = "participants"
    label = "participants"

    def ready(self) -> None:
        from participants import grants, receivers  # noqa: F401
