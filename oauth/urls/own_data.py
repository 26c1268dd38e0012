"""A person's data and their going, mounted at /account/."""

from django.urls import path

from oauth.views import own_data

app_name = "own_data"
urlpatterns = [
    path("data/", own_data.data, name="data"),
    path("data/export/", own_data.start, name="start"),
    path("data/export/<uuid:export_id>/", own_data.fetch, name="fetch"),
    path("delete/", own_data.delete, name="delete"),
]
