"""Verbs under forms: what a verb refuses becomes an error beside the field that it names."""

from collections.abc import Callable, Mapping
from typing import Any

from django import forms
from django.core.exceptions import PermissionDenied
from django.utils.translation import gettext as _

from authz.refusals import Escalation, Refused
from tenants.operations import LastOwner


class VerbForm(forms.Form):
    """A form whose data one verb judges. ``shown_at``: the verb's field → the form's, where they differ.

    ``power_at``: the field beside which it is said that the actor's power does not reach; without it that refusal is
    the caller's.
    """

    shown_at: Mapping[str, str] = {}
    power_at = ""
    refused = False

    @property
    def status(self) -> int:
        """What its page is answered with."""
        return 403 if self.refused else 422 if self.errors else 200

    def run(self, verb: Callable[..., Any], **facts: Any) -> Any:
        """Call the verb; None when it refuses, with its sentences in the form's errors."""
        try:
            return verb(**facts)
        except Refused as refusal:
            self.show(refusal.errors)
        except LastOwner as error:
            self.add_error(None, str(error))
        except PermissionDenied as error:
            if not self.power_at:
                raise
            self.refused = True
            way_out = _(" Somebody who holds it can do this.") if isinstance(error, Escalation) else ""
            self.add_error(self.power_at, f"{error}{way_out}")
        return None

    def show(self, errors: Mapping[str, str]) -> None:
        """Put a verb's sentences beside the fields that they are about."""
        for field, sentence in errors.items():
            # "emails.3" is about one of a list, which the form shows as a whole.
            place = self.shown_at.get(field) or self.shown_at.get(field.partition(".")[0], field)
            self.add_error(place if place in self.fields else None, sentence)
