"""Bulk actions on consumers through the API: a dry run with its numbers, or a job."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django import forms
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from authsec.jobs.api.jobs import JobItem, job_items
from authsec.jobs.kinds import kind_of
from authsec.jobs.models import Job
from authsec.jobs.queries import may_see, of_tenant
from authsec.web.access import requires
from authsec.web.api import ApiView, Input, Listed, Moment, page_of, read_input
from authsec.web.problems import Problem, invalid, not_found
from endusers.bulk import jobs, undo
from endusers.bulk.outcomes import left_out, with_names
from endusers.bulk.preview import Preview, look
from endusers.bulk.selection import MOST_IDS, Selection
from endusers.bulk.verbs import ORDER, VERBS, Verb
from endusers.models import EndUser, Outcome
from endusers.queries import Filters


class FilterInput(Input):
    """The list's filters; an empty one means everybody. Ranges include their start and exclude their end."""

    nested = True

    q = serializers.CharField(
        max_length=200,
        required=False,
        allow_blank=True,
        help_text="An id, or part of a name or of an address.",
    )
    status = serializers.ChoiceField(EndUser.Status.choices, required=False)
    plan_tier = serializers.SlugField(required=False, help_text="A tier's key.")
    application = serializers.UUIDField(required=False, help_text="People who connected this Application.")
    client = serializers.UUIDField(required=False, help_text="People who connected by this OAuth client.")
    seen_from = Moment(required=False)
    seen_to = Moment(required=False)
    consent_from = Moment(required=False)
    consent_to = Moment(required=False)


class BulkInput(Input):
    """Exactly one of `filter` and `user_ids`. `params` as the action needs them: `plan_tier` · `limit`, `window_s`,
    `until` · `group_id` · `format` (csv, csv-excel, jsonl).
    """

    action = serializers.ChoiceField([(key, key) for key in ORDER])
    filter = FilterInput(required=False)
    user_ids = serializers.ListField(child=serializers.UUIDField(), required=False, max_length=MOST_IDS)
    params = serializers.DictField(required=False, default=dict)
    reason = serializers.CharField(
        max_length=500, required=False, allow_blank=True, default="", help_text="Required for suspensions."
    )
    dry_run = serializers.BooleanField(required=False, default=False)


class LeftOut(serializers.Serializer[Any]):
    why = serializers.CharField()
    count = serializers.IntegerField()
    count_is_estimate = serializers.BooleanField()


class Stops(serializers.Serializer[Any]):
    """What stops working; each number is counted up to 10,000, and 10,001 means more."""

    tokens = serializers.IntegerField()
    connections = serializers.IntegerField(help_text="Stop for suspensions only.")
    sign_ins = serializers.IntegerField(help_text="Sign-ins at clients; end for suspensions only.")


class DryRun(serializers.Serializer[Any]):
    """What the action would do now. Counts are exact up to 10,000 and estimated beyond."""

    action = serializers.CharField()
    matching = serializers.IntegerField()
    matching_is_estimate = serializers.BooleanField()
    would_change = serializers.IntegerField()
    would_change_is_estimate = serializers.BooleanField()
    left_out = LeftOut(many=True)
    stops = Stops(allow_null=True)
    undoable = serializers.BooleanField(help_text="Whether the job can be taken back.")
    counted_at = serializers.DateTimeField()


class LeftOutPerson(serializers.Serializer[Any]):
    user_id = serializers.UUIDField()
    display_name = serializers.CharField(allow_blank=True)
    email = serializers.CharField(allow_blank=True)
    fate = serializers.ChoiceField([value for value in Outcome.Fate.values if value != "changed"])
    why = serializers.CharField()


class LeftOutPeople(Listed):
    items = LeftOutPerson(many=True)


class Bulk(ApiView):
    """One action on many end users."""

    @requires("endusers:read")
    @extend_schema(
        operation_id="bulk_end_users",
        request=BulkInput,
        responses={200: DryRun, 202: JobItem},
        tags=["end users"],
    )
    def post(self, request: Request, tenant_id: UUID) -> Response:
        """Does it as a job (202), or with `dry_run` says what it would do (200).

        Each action needs the permission of the single verb: `endusers:suspend`, `endusers:update`, `tokens:revoke`,
        `groups:manage` or `endusers:export`. Each person's status counts from the moment their row changes. The same
        request again while its job waits or runs answers with that job. Whoever becomes an end user later is not meant.
        """
        given = read_input(BulkInput, request)
        verb = VERBS[given["action"]]
        for permission in verb.permissions:
            self.also_requires(permission)
        selection, params = _selection(given), _params(verb, self.tenant_id, given["params"])
        if given["dry_run"]:
            return Response(_numbers(look(verb, selection, params, now=timezone.now())))
        job = jobs.ask(
            tenant_id=self.tenant_id,
            verb=verb,
            selection=selection,
            params=params,
            reason=given["reason"],
            actor=self.actor,
            now=timezone.now(),
        )
        return Response(job_items([job])[0], 202)


class BulkJobView(ApiView):
    """Loads a bulk job, an import or a way back that the caller may see."""

    def load(self, job_id: UUID) -> Job:
        """The job of the path. Raises a Problem: 404 when it is not there, 403 when it is another's."""
        job = of_tenant(self.tenant_id).filter(pk=job_id).first()
        if job is None or kind_of(job).home != jobs.HOME:
            raise not_found("There is no such bulk job here.")
        if not may_see(job, to=self.actor.id, powers=self.powers):
            raise Problem(403, "forbidden", "Another one's job: it needs the permission of its action.")
        return job


class Undo(Input):
    reason = serializers.CharField(max_length=500, required=False, allow_blank=True, default="")


class BulkUndo(BulkJobView):
    """The way back of a bulk job."""

    @requires("endusers:read")
    @extend_schema(
        operation_id="take_bulk_job_back",
        request=Undo,
        responses={202: JobItem},
        tags=["end users"],
    )
    def post(self, request: Request, tenant_id: UUID, bulk_job_id: UUID) -> Response:
        """Give everybody whom the job changed what it replaced, as a job, with the action's own permissions.

        Whoever was changed again since keeps that, and is listed as left out. A job that is not over, changed nobody or
        was taken back already, or whose action has no way back: 409. An import is taken back here, too.
        """
        job, given = self.load(bulk_job_id), read_input(Undo, request)
        for permission in undo.needed(job):
            self.also_requires(permission)
        undoing = undo.take_back(
            tenant_id=self.tenant_id,
            job=job,
            reason=given["reason"],
            actor=self.actor,
            now=timezone.now(),
        )
        return Response(job_items([undoing])[0], 202)


class BulkLeftOut(BulkJobView):
    """Whom a bulk job left out."""

    @requires("endusers:read")
    @extend_schema(operation_id="list_left_out", responses=LeftOutPeople, tags=["end users"])
    def get(self, request: Request, tenant_id: UUID, bulk_job_id: UUID) -> Response:
        """Those whom the job left out, each with why, for who may see the job."""
        job = self.load(bulk_job_id)
        return page_of(
            request, left_out(job), lambda rows: _left(job, rows), column="at", id_column="user_id"
        )


def _left(job: Job, rows: Any) -> list[dict[str, Any]]:
    return [
        {
            "user_id": left.user_id,
            "display_name": left.name,
            "email": left.email,
            "fate": left.fate,
            "why": left.why,
        }
        for left in with_names(job, rows)
    ]


def _selection(given: dict[str, Any]) -> Selection:
    """Whom the body means. Raises a Problem (422)."""
    if ("filter" in given) == ("user_ids" in given):
        raise invalid("Exactly one of filter and user_ids.", {"filter": "Either this or user_ids."})
    if "filter" in given:
        asked = dict(given["filter"])
        return Selection(Filters(text=asked.pop("q", ""), **asked))
    if not given["user_ids"]:
        raise invalid("Name at least one person.", {"user_ids": "Name at least one person."})
    return Selection(user_ids=tuple(dict.fromkeys(given["user_ids"])))


def _params(verb: Verb, tenant_id: UUID, given: dict[str, Any]) -> dict[str, Any]:
    """What the verb needs, read by its form. Raises a Problem (422) that names each wrong member."""
    form: forms.Form = verb.form(tenant_id)({name: _told(value) for name, value in given.items()})
    if unknown := sorted(set(given) - set(form.fields)):
        raise invalid(
            f"{verb.key} takes no {unknown[0]}.",
            {f"params.{name}": f"There is no member {name}." for name in unknown},
        )
    if not form.is_valid():
        wrong = {f"params.{name}": str(texts[0]) for name, texts in form.errors.items()}
        raise invalid("; ".join(f"{name}: {text}" for name, text in wrong.items()), wrong)
    kept: dict[str, Any] = form.kept()  # type: ignore[attr-defined]
    return kept


def _told(value: Any) -> Any:
    """A member as a form's field reads it. A list or an object is none of ours, a boolean is no number."""
    if isinstance(value, (list, dict, bool)):
        return "?"
    if isinstance(value, str) and value[10:11] == "T":
        try:
            return datetime.fromisoformat(value)
        except ValueError:
            return value
    return value


def _numbers(seen: Preview) -> dict[str, Any]:
    return {
        "action": seen.verb.key,
        "matching": seen.matching.value,
        "matching_is_estimate": seen.matching.is_estimate,
        "would_change": seen.changing.value,
        "would_change_is_estimate": seen.changing.is_estimate,
        "left_out": [
            {"why": why, "count": count.value, "count_is_estimate": count.is_estimate}
            for why, count in seen.left_out
        ],
        "stops": vars(seen.held) if seen.held else None,
        "undoable": seen.verb.undoable,
        "counted_at": seen.counted_at,
    }
