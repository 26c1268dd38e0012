"""A view without a mark is a closed door, and the system check names it."""

from django.http import HttpRequest, HttpResponse
from django.test import override_settings
from django.urls import path

from authsec.console.checks import check_marks, routes
from authsec.web.access import public


def forgotten(request: HttpRequest) -> HttpResponse:
    return HttpResponse("never reached")


@public
def marked(request: HttpRequest) -> HttpResponse:
    return HttpResponse("reached")


urlpatterns = [path("forgotten/", forgotten), path("marked/", marked)]


def test_no_view_of_the_installation_lacks_a_mark() -> None:
    assert len(list(routes())) > 20
    assert check_marks() == []


def test_the_check_names_a_forgotten_view() -> None:
    with override_settings(ROOT_URLCONF=__name__):
        messages = check_marks()
    assert [message.id for message in messages] == ["authsec.E002"]
    assert "forgotten" in messages[0].msg
