"""An Application's logo through the API: the picture itself as the body, or in JSON."""

import base64
import binascii
from typing import Any
from uuid import UUID

from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import UnsupportedMediaType
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.response import Response

from authsec.web.access import requires
from authsec.web.api import ApiView, Input, read_input
from authsec.web.parsers import StrictJSONParser
from authsec.web.pictures import FORMATS, MAX_BYTES
from authsec.web.problems import Problem
from authz import logos
from authz.api.rows import found
from authz.models import Application
from oauth.api import schemas
from oauth.api.applications import TAGS, application_items

MEDIA_TYPES = tuple(f"image/{name.lower()}" for name in FORMATS)


class PictureParser(BaseParser):
    """A picture itself as the body: what ``logo`` holds when the body is JSON. Which it is, its bytes say."""

    media_type = "image/*"

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        """Return at most one byte more than a logo may have. Raises UnsupportedMediaType, for SVG above all."""
        if (media_type or "").partition(";")[0].strip().lower() not in MEDIA_TYPES:
            raise UnsupportedMediaType(media_type or "")
        return {"logo": stream.read(MAX_BYTES + 1)}


class PictureField(serializers.CharField):
    """Bytes as they came, or from base64 (RFC 4648 §4)."""

    default_error_messages = {"base64": "A picture in base64 (RFC 4648 §4), without blanks or line ends."}

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, bytes):
            return data
        try:
            return base64.b64decode(super().to_internal_value(data), validate=True)
        except (binascii.Error, ValueError):
            self.fail("base64")

    def run_validation(self, data: Any = serializers.empty) -> Any:
        """Without CharField's trimming, which knows no bytes."""
        return serializers.Field.run_validation(self, data)


class LogoInput(Input):
    """A picture of at most 256 KiB and 4096 × 4096 pixels."""

    logo = PictureField(help_text="PNG, JPEG, WebP or GIF, in base64.")


class ApplicationLogo(ApiView):
    """The picture that people see where they are asked whether to let a client in."""

    parser_classes = (StrictJSONParser, PictureParser)

    @requires("apps:manage")
    @extend_schema(
        operation_id="put_application_logo",
        request={"application/json": LogoInput, **dict.fromkeys(MEDIA_TYPES, OpenApiTypes.BINARY)},
        responses=schemas.Application,
        tags=TAGS,
    )
    def put(self, request: Request, application_id: UUID) -> Response:
        """Show this picture with the Application. The body is the file itself, or JSON that holds it in base64.

        Kept is a PNG of 128 × 128 pixels made anew, at a `logo_url` of its own; the same picture again changes
        nothing.
        """
        found(Application, self.tenant_id, application_id, standing=True)
        content = read_input(LogoInput, request)["logo"]
        if len(content) > MAX_BYTES:
            raise Problem(413, "too-large", f"A logo has at most {MAX_BYTES} bytes.")
        changed = logos.put(
            tenant_id=self.tenant_id,
            application_id=application_id,
            content=content,
            actor=self.actor,
            now=timezone.now(),
        )
        return Response(application_items([changed])[0])

    @requires("apps:manage")
    @extend_schema(operation_id="remove_application_logo", responses={204: None}, tags=TAGS)
    def delete(self, request: Request, application_id: UUID) -> Response:
        """Show no picture any more. Its address answers 404 from then on."""
        found(Application, self.tenant_id, application_id, standing=True)
        logos.remove(
            tenant_id=self.tenant_id, application_id=application_id, actor=self.actor, now=timezone.now()
        )
        return Response(status=204)
