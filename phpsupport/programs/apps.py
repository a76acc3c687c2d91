from django.apps import AppConfig


class ProgramsConfig(AppConfig):
    name = "phpsupport.programs"
    label = "programs"
