#!/usr/bin/env python3
"""Django's command line, as the application's database role or, where a command needs it, as the owner."""

import os
import sys

# These change the schema or rows that the application itself may not touch.
OWNER_COMMANDS = {"migrate", "rotate_field_keys", "sqlmigrate", "showmigrations", "flush"}


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "phpsupport.settings")
    if len(sys.argv) > 1 and sys.argv[1] in OWNER_COMMANDS:
        os.environ.setdefault("DATABASE_ROLE", "owner")
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line

    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as fault:
        sys.exit(f"phpsupport cannot start: {fault}")


if __name__ == "__main__":
    main()
