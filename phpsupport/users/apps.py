from django.apps import AppConfig


class UsersConfig(AppConfig):
    name = "phpsupport.users"
    label = "users"

    def ready(self) -> None:
        from phpsupport.lib.encryption import register_rotator
        from phpsupport.users.rotation import rotate_second_factors

        register_rotator("second factors", rotate_second_factors)
