"""The tags: what they say to eyes and to screen readers, and that nothing a person typed becomes markup."""

import uuid

import pytest
from django import forms
from django.template import Context, Template

from authsec.web import states


def render(source: str, **context: object) -> str:
    return Template("{% load ui %}" + source).render(Context(context))


def test_every_state_renders_a_mark_and_a_word() -> None:
    for key, state in states.STATES.items():
        html = render("{% pill state %}", state=key)
        assert str(state.word) in html
        assert "pill-dot" in html or "<svg" in html


def test_only_the_normal_is_quiet_in_a_list() -> None:
    assert "quiet" in render("{% pill 'active' quiet=True %}")
    assert "quiet" not in render("{% pill 'suspended' quiet=True %}")


def test_an_unknown_state_is_a_word_and_not_a_fault() -> None:
    assert "Half open" in render("{% pill 'half_open' %}")


def test_a_condition_that_is_not_met_says_so_without_colour() -> None:
    assert "not met" in render("{% badge 'mfa' 'MFA within 12 h' met=False %}")


@pytest.mark.parametrize(
    "source",
    [
        "{% pill 'active' text=evil %}",
        "{% badge 'group' evil %}",
        "{% ident evil %}",
        "{% avatar evil %}",
        "{% copy evil evil %}",
        "{% risk evil %}",
    ],
)
def test_what_a_person_typed_is_escaped(source: str) -> None:
    assert "<img" not in render(source, evil='<img src=x onerror="alert(1)">')


def test_an_id_is_short_to_see_and_whole_to_copy() -> None:
    value = uuid.UUID("019a8e21-7b52-7e1f-9a08-5d11c2e44f2e")
    html = render("{% ident value %}", value=value)
    assert "019a8e21…4f2e" in html
    assert f'data-copy="{value}"' in html


def test_a_field_ties_its_hint_and_its_error_to_the_control() -> None:
    class Form(forms.Form):
        name = forms.CharField(help_text="Shown to operators.")

    html = render("{% field form.name %}", form=Form({"name": ""}))
    assert 'aria-describedby="id_name_hint id_name_error"' in html
    assert 'aria-invalid="true"' in html
    assert 'id="id_name_hint"' in html
    assert 'id="id_name_error"' in html
    assert '<label class="field-label" for="id_name">' in html


def test_a_choice_is_a_fieldset_with_a_legend() -> None:
    class Form(forms.Form):
        admission = forms.ChoiceField(
            choices=[("anyone", "Anyone"), ("members", "Members")], widget=forms.RadioSelect
        )

    html = render("{% field form.admission look='segmented' %}", form=Form())
    assert "<fieldset" in html
    assert "<legend" in html
    assert html.count('type="radio"') == 2


def test_no_tag_writes_a_style_attribute() -> None:
    html = render(
        "{% chart 'bars' values %}{% chart 'line' values %}{% chart 'split' parts %}{% track 'yes' 'no' 'yes' %}",
        values=[1, 2, 3],
        parts=[("Free", 3), ("Pro", 1)],
    )
    assert "style=" not in html


def test_charts_take_no_values_and_only_zeros() -> None:
    for values in ([], [0], [0, 0]):
        assert "<svg" in render("{% chart 'bars' values %}{% chart 'line' values %}", values=values)
