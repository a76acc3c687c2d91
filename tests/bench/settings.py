"""The product's settings, and the scheduler that the week is measured against."""

from phpsupport.settings import *  # noqa: F403
from phpsupport.settings import INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "schedule"]
