"""What the application's database role may do, granted anew after every migration."""

from typing import Any

from django.apps import apps
from django.conf import settings
from django.db import connections
from pghistory.core import event_models

from phpsupport.lib.models import AppendOnly


def write_once_tables() -> list[str]:
    """The tables to which the application may only add: sealed records, the trail, row history."""
    models = [m for m in apps.get_models() if issubclass(m, AppendOnly)]
    return sorted(m._meta.db_table for m in (*models, *event_models()))


def grant_application_privileges(connection: Any, role: str) -> None:
    """Let `role` read and write every table, but only read and add where rows are written once.

    `connection` must be the owner's. Nothing to grant when owner and application are one role.
    """
    quote = connection.ops.quote_name
    to = quote(role)
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user")
        if cursor.fetchone()[0] == role:
            return
        cursor.execute(f"GRANT USAGE ON SCHEMA public TO {to}")
        cursor.execute(
            f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {to}"
        )
        cursor.execute(f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {to}")
        cursor.execute(f"REVOKE INSERT, UPDATE, DELETE ON django_migrations FROM {to}")
        tables = set(connection.introspection.table_names(cursor))
        for table in write_once_tables():
            if table in tables:
                cursor.execute(f"REVOKE UPDATE, DELETE, TRUNCATE ON {quote(table)} FROM {to}")


def after_migrate(*, using: str, app_config: Any, **kwargs: Any) -> None:
    """Run once, after the last app's migrations."""
    with_tables = [app for app in apps.get_app_configs() if app.models_module]
    if app_config is with_tables[-1]:
        grant_application_privileges(connections[using], settings.APPLICATION_ROLE)
