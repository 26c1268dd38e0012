"""The management API of jobs."""

from django.urls import path

from authsec.jobs.api.jobs import CancelJob, JobResult, Jobs, OneJob

app_name = "jobs_api"
urlpatterns = [
    path("uflow/v2/jobs", Jobs.as_view(), name="jobs"),
    path("uflow/v2/jobs/<uuid:job_id>", OneJob.as_view(), name="job"),
    path("uflow/v2/jobs/<uuid:job_id>/cancel", CancelJob.as_view(), name="cancel"),
    path("uflow/v2/jobs/<uuid:job_id>/result", JobResult.as_view(), name="result"),
]
