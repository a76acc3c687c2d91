"""The application for ASGI servers; `make run` and the Dockerfile use WSGI."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "phpsupport.settings")

application = get_asgi_application()
