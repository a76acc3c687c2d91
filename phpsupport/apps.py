from django.apps import AppConfig


class PhpsupportConfig(AppConfig):
    name = "phpsupport"
    verbose_name = "phpsupport"

    def ready(self) -> None:
        # celery: so that shared tasks find the application's broker in every process
        from phpsupport import celery, checks  # noqa: F401
        from phpsupport.home import messages  # noqa: F401
