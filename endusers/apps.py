from django.apps import AppConfig


class EndusersConfig(AppConfig):
    name = "endusers"
