from django.apps import AppConfig


class AccessConfig(AppConfig):
    name = "phpsupport.access"
    label = "access"
