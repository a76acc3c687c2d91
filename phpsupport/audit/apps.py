from django.apps import AppConfig
from django.db.models.signals import post_migrate


class AuditConfig(AppConfig):
    name = "phpsupport.audit"
    label = "audit"

    def ready(self) -> None:
        from phpsupport.audit.privileges import after_migrate

        post_migrate.connect(after_migrate, dispatch_uid="phpsupport.audit.privileges")
