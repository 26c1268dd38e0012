"""Plan tiers and statuses from a file through the API: brought, looked at line by line, put into force."""

from typing import Any
from uuid import UUID

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.response import Response

from authsec.jobs.api.jobs import JobItem, job_items
from authsec.web.access import requires
from authsec.web.api import ApiView, Input, Listed, listing, read_input
from authsec.web.pagination import parse_limit
from authsec.web.parameters import one_of, parameters
from authsec.web.parsers import MAX_BODY, StrictJSONParser
from authsec.web.problems import Problem, not_found, wrong_parameter
from endusers import import_file, imports
from endusers.models import Upload

MOST_DIGITS = 7  # of a line's number


class CSVParser(BaseParser):
    """A file itself as the body (RFC 7111): what ``csv`` holds when the body is JSON."""

    media_type = "text/csv"

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        """Return the file as a member; raise a Problem (400 or 413) that says what is wrong."""
        raw = stream.read(MAX_BODY + 1)
        if len(raw) > MAX_BODY:
            raise Problem(413, "too-large", f"A body has at most {MAX_BODY} bytes.")
        try:
            return {"csv": import_file.text_of(raw)}
        except import_file.BadFile as error:
            raise Problem(400, "malformed-request", str(error)) from error


class ImportInput(Input):
    """`user_id` or `email`, and `plan_tier`, `status` or both, named by the first line. Up to 20,000 lines."""

    csv = serializers.CharField(
        trim_whitespace=False, help_text="The file: CSV (RFC 4180), comma, semicolon or tab."
    )
    name = serializers.CharField(max_length=200, required=False, default="a file through the API")


class ImportReason(Input):
    reason = serializers.CharField(
        max_length=500,
        required=False,
        allow_blank=True,
        default="",
        help_text="Required when somebody is suspended.",
    )


class LineCounts(serializers.Serializer[Any]):
    changed = serializers.IntegerField()
    already = serializers.IntegerField()
    unknown = serializers.IntegerField()
    malformed = serializers.IntegerField()


class Import(serializers.Serializer[Any]):
    """A file and what it would do now. Nothing has been changed by bringing it."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    created_at = serializers.DateTimeField()
    lines = LineCounts(help_text="How many lines meet which fate, as things stand now.")
    would_suspend = serializers.IntegerField()


class ImportLine(serializers.Serializer[Any]):
    """A line and its fate. An empty plan tier or status leaves that as it is."""

    number = serializers.IntegerField(help_text="The line of the file.")
    named = serializers.CharField()
    user_id = serializers.UUIDField(allow_null=True)
    fate = serializers.ChoiceField(imports.FATES)
    problem = serializers.CharField(allow_blank=True)
    plan_tier = serializers.CharField(allow_blank=True)
    plan_tier_now = serializers.CharField(allow_null=True)
    status = serializers.CharField(allow_blank=True)
    status_now = serializers.CharField(allow_null=True)


class ImportLines(Listed):
    items = ImportLine(many=True)


class UploadView(ApiView):
    """Loads a file that was brought."""

    def load(self, upload_id: UUID) -> Upload:
        """The file of the path. Raises a Problem (404)."""
        found = Upload.objects.filter(tenant_id=self.tenant_id, pk=upload_id).first()
        if found is None:
            raise not_found("There is no such import here. Files are kept for a week.")
        return found


class Imports(ApiView):
    """Files of plan tiers and statuses."""

    parser_classes = (StrictJSONParser, CSVParser)
    also = (413,)

    @requires("endusers:update")
    @extend_schema(
        operation_id="bring_import",
        request={"application/json": ImportInput, "text/csv": str},
        responses={201: Import},
        tags=["end users"],
    )
    def post(self, request: Request, tenant_id: UUID) -> Response:
        """Keep a file and say what it would do. Nothing changes. The file may be the body itself, as `text/csv`."""
        given = read_input(ImportInput, request)
        upload = imports.bring(
            tenant_id=self.tenant_id,
            name=given["name"],
            content=given["csv"].encode(),
            actor=self.actor,
            now=timezone.now(),
        )
        return Response(_item(upload), 201)


class OneImport(UploadView):
    """One file."""

    @requires("endusers:update")
    @extend_schema(operation_id="get_import", responses=Import, tags=["end users"])
    def get(self, request: Request, tenant_id: UUID, upload_id: UUID) -> Response:
        """What the file would do, counted now."""
        return Response(_item(self.load(upload_id)))


class Lines(UploadView):
    """The lines of a file."""

    @requires("endusers:update")
    @extend_schema(
        operation_id="list_import_lines",
        responses=ImportLines,
        tags=["end users"],
        parameters=[OpenApiParameter("fate", enum=imports.FATES)],
    )
    def get(self, request: Request, tenant_id: UUID, upload_id: UUID) -> Response:
        """Each line with its fate as things stand now, in the order of the file."""
        given = parameters(request, "fate", "cursor", "limit")
        upload, fate = self.load(upload_id), one_of(given, "fate", imports.FATES) or ""
        limit, after = parse_limit(given.get("limit", "")), _line_number(given.get("cursor", "0"))
        tally, lines = imports.look(self.tenant_id, upload.pk, fate=fate, after=after, limit=limit + 1)
        counts = tally.lines
        return listing(
            [_line(line) for line in lines[:limit]],
            next=str(lines[limit - 1].number) if len(lines) > limit else None,
            count=counts[fate] if fate else sum(counts.values()),
        )


class PutIntoForce(UploadView):
    """Doing what a file says."""

    @requires("endusers:update")
    @extend_schema(
        operation_id="put_import_into_force",
        request=ImportReason,
        responses={202: JobItem},
        tags=["end users"],
    )
    def post(self, request: Request, tenant_id: UUID, upload_id: UUID) -> Response:
        """Do it as a job, each line as things stand when its turn comes. Statuses need `endusers:suspend` too."""
        upload, given = self.load(upload_id), read_input(ImportReason, request)
        if imports.tally(self.tenant_id, upload.pk).flips:
            self.also_requires("endusers:suspend")
        job = imports.put_into_force(
            tenant_id=self.tenant_id,
            upload=upload,
            reason=given["reason"],
            actor=self.actor,
            now=timezone.now(),
        )
        return Response(job_items([job])[0], 202)


def _item(upload: Upload) -> dict[str, Any]:
    tally = imports.tally(upload.tenant_id, upload.pk)
    return {
        "id": upload.pk,
        "name": upload.name,
        "created_at": upload.created_at,
        "lines": tally.lines,
        "would_suspend": tally.suspended,
    }


def _line(line: imports.Judged) -> dict[str, Any]:
    return {
        "number": line.number,
        "named": line.named,
        "user_id": line.user_id,
        "fate": line.fate,
        "problem": line.problem,
        "plan_tier": line.plan_tier,
        "plan_tier_now": line.tier_now,
        "status": line.status,
        "status_now": line.status_now,
    }


def _line_number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS):
        raise wrong_parameter("cursor", "Take it from next of the page before.")
    return int(text)
