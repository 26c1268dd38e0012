from django.urls import URLPattern

app_name = "endusers"
urlpatterns: list[URLPattern] = []
