"""The product's settings, and what the week and attendance are measured against."""

from phpsupport.settings import *  # noqa: F403
from phpsupport.settings import INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "schedule", "simple_history", "tests.bench.kept"]
