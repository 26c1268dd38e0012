"""Long work of a tenant, under ``/t/<slug>/jobs/``."""

from django.urls import path

from authsec.jobs import views

app_name = "jobs"
urlpatterns = [
    path("", views.jobs, name="list"),
    path("<uuid:job_id>/", views.job, name="job"),
    path("<uuid:job_id>/cancel/", views.cancel_job, name="cancel"),
    path("<uuid:job_id>/again/", views.again, name="again"),
    path("<uuid:job_id>/result/", views.result, name="result"),
]
