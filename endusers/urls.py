"""The default workspace, under ``/t/<slug>/``."""

from django.urls import path

from endusers.views import bulk, imports, liked, limit, outcomes, people, person, standing

app_name = "endusers"
urlpatterns = [
    path("end-users/", people.people, name="list"),
    path("end-users/overview/", people.charts, name="overview"),
    path("end-users/views/", liked.views, name="views"),
    path("end-users/columns/", liked.show, name="columns"),
    path("end-users/bulk/", bulk.bulk, name="bulk"),
    path("end-users/import/", imports.bring, name="import"),
    path("end-users/import/<uuid:upload_id>/", imports.look, name="import_look"),
    path("end-users/jobs/<uuid:bulk_job_id>/", outcomes.outcomes, name="outcomes"),
    path("end-users/jobs/<uuid:bulk_job_id>/undo/", outcomes.undo, name="undo"),
    path("end-users/<uuid:user_id>/", person.overview, name="detail"),
    path("end-users/<uuid:user_id>/activity/", person.activity, name="activity"),
    path("end-users/<uuid:user_id>/limits/", person.limits, name="limits"),
    path("end-users/<uuid:user_id>/limit/", limit.give, name="limit"),
    path("end-users/<uuid:user_id>/limit/clear/", limit.clear, name="limit_clear"),
    path("end-users/<uuid:user_id>/json/", person.raw, name="raw"),
    path("end-users/<uuid:user_id>/suspend/", standing.suspend, name="suspend"),
    path("end-users/<uuid:user_id>/reactivate/", standing.reactivate, name="reactivate"),
    path("end-users/<uuid:user_id>/plan-tier/", standing.plan_tier, name="plan_tier"),
]
