from django.apps import AppConfig


class SessionsConfig(AppConfig):
    name = "sessions"
    label = "group_sessions"

    def ready(self) -> None:
        from sessions import answer_messages, grants, messages, receivers  # noqa: F401
        from sessions.queries import board, load  # noqa: F401
