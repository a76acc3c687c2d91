from django.apps import AppConfig


class OutboxConfig(AppConfig):
    name = "phpsupport.outbox"
    label = "outbox"
