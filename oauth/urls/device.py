"""The pages where a person answers a device, mounted at /device/."""

from django.urls import path

from oauth.views import device

app_name = "device"
urlpatterns = [
    path("", device.enter, name="enter"),
    path("allow/", device.allow, name="allow"),
]
