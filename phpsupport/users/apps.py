from django.apps import AppConfig


class UsersConfig(AppConfig):
    name = "phpsupport.users"
    label = "users"
