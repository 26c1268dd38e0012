"""The style guide and the error pages render by themselves, without a tenant, a user or a script."""

import pytest
from django.template.loader import render_to_string
from django.test import Client


@pytest.mark.django_db
def test_the_style_guide_shows_both_themes_without_inline_style_or_script(client: Client) -> None:
    html = client.get("/styleguide/").content.decode()
    assert html.count('data-theme="light"') == 1
    assert html.count('data-theme="dark"') == 1
    assert " style=" not in html
    assert "<script>" not in html
    assert " on" not in {part[:3] for part in html.split("<")}


@pytest.mark.parametrize("name", ["400", "403", "404", "500", "403_csrf", "errors/429"])
def test_an_error_page_needs_no_context_and_shows_the_request_id_it_is_given(name: str) -> None:
    assert "<h1>" in render_to_string(f"{name}.html")
    assert "req_7f3k" in render_to_string(f"{name}.html", {"request_id": "req_7f3k"})


def test_the_page_of_too_many_tries_says_when_to_come_back() -> None:
    assert "Wait 30 seconds" in render_to_string("errors/429.html", {"retry_after": 30})


def test_a_suspended_person_reads_their_own_status() -> None:
    assert "Your membership is suspended." in render_to_string(
        "403.html", {"status_line": "Your membership is suspended."}
    )
