from django.urls import URLPattern

app_name = "authz"
urlpatterns: list[URLPattern] = []
