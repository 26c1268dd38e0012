from django.apps import AppConfig


class JobsConfig(AppConfig):
    name = "authsec.jobs"
