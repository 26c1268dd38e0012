"""The audit log, under ``/t/<slug>/audit/``."""

from django.urls import path

from authsec.audit import views

app_name = "audit"
urlpatterns = [
    path("", views.log, name="list"),
    path("export/", views.export, name="export"),
]
