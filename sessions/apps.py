from django.apps import AppConfig


class SessionsConfig(AppConfig):
    name = "sessions"
    label = "group_sessions"

    def ready(self) -> None:
        from sessions import grants, messages  # noqa: F401
