from django.apps import AppConfig


class SessionsConfig(AppConfig):
    name = "sessions"
    label = "group_sessions"

    def ready(self) -> None:
        from sessions import (  # noqa: F401
            answer_messages,
            grants,
            messages,
            nudge_messages,
            receivers,
            safety_messages,
        )
        from sessions.queries import board, load  # noqa: F401
