"""What reaches one end user, as a tab of their page: the answer of Effective Access as of now."""

from uuid import UUID

from django.http import Http404, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from authsec.web.access import requires
from authsec.web.http import Request
from authz.effective import subject as subjects
from authz.effective.explanation import explain
from authz.forms.as_if import AsIfForm
from authz.views.access_answer import drawn
from authz.views.links import links_for
from endusers.views.person import frame, show


@requires("effective_access:read")
@require_safe
def person_access(request: Request, user_id: UUID) -> HttpResponse:
    """Sentences, the track of each Application and the bindings; to ask differently there is the page itself."""
    context, form = frame(request, user_id, "access"), AsIfForm({})
    form.full_clean()
    subject = subjects.load(user_id)
    if subject is None:
        raise Http404("No such person.")
    explanation = explain(
        tenant_id=request.tenant.tenant_id,
        subject_kind="user",
        subject_id=user_id,
        subject=subject,
        **form.context(subject.at or timezone.now()),
    )
    if explanation is None:
        raise Http404("No such person.")
    context |= drawn(request, explanation, links_for(request), with_tools=False)
    return show(request, "authz/person_access.html", context)
