"""Changes of roles: a new one, another content, its end. Who would gain or lose what is shown before it is saved."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from authsec.web.access import reauthenticate, requires
from authsec.web.htmx import go_to
from authsec.web.http import Request, posted, told
from authz import queries
from authz import roles as verbs
from authz.contents import contents_of
from authz.effective.supported import supported_by
from authz.forms.binding import ReasonForm
from authz.forms.role import RoleForm, answers_from
from authz.models import Role
from authz.refusals import Escalation
from authz.views.asking import GET_OR_POST, ask, consequences, missing_in
from authz.views.links import crumbs, page
from authz.views.roles import LIST, load
from authz.what_if.changes.roles import ArchiveRole, EditRole
from authz.what_if.preview import Preview, preview
from tenants.confirming import kept_answers


@requires("roles:manage")
@reauthenticate
@require_http_methods(GET_OR_POST)
def new(request: Request) -> HttpResponse:
    """Create a role; ``?copy=<id>`` begins with what another one gives."""
    form = _form(request, _copied(request))
    if request.method == "POST" and form.is_valid():
        role, escalation = _attempt(form, verbs.create, **told(request), **form.facts())
        if role:
            messages.success(request, f"{role.name} created")
            return redirect(page(request.tenant.slug, "role", role_id=role.pk))
        if escalation:
            return _page(request, form, None, refusal=escalation)
    return _page(request, form, None)


@requires("roles:manage")
@reauthenticate
@require_http_methods(GET_OR_POST)
def edit(request: Request, role_id: UUID) -> HttpResponse:
    """Change what a role gives; system roles can't be. htmx asks what it would do as the form is filled in."""
    found = load(request, role_id, own=True)
    form = _form(request, found)
    if request.method != "POST":
        return _page(request, form, found)
    change = EditRole(role_id=role_id, **form.facts()) if form.is_valid() else None
    effect = preview(**_asked(request), change=change) if change else Preview(missing=missing_in(form))
    if request.htmx:
        return render(request, "authz/role_effect.html", {"preview": effect, "form": form})
    ready = form.is_valid() and _is_seen(request, form, effect)
    if ready and form.run(verbs.edit, **told(request), role_id=role_id, **form.facts()):
        messages.success(request, f"{found.name} changed")
        return redirect(page(request.tenant.slug, "role", role_id=role_id))
    return _page(request, form, found, effect=effect, refusal=effect.refusal)


@requires("roles:manage")
@reauthenticate
@require_http_methods(GET_OR_POST)
def archive(request: Request, role_id: UUID) -> HttpResponse:
    """Ask, then close a role."""
    found, form = load(request, role_id, own=True), ReasonForm(posted(request))
    facts = told(request, role_id=role_id)
    if form.is_valid() and form.run(verbs.archive, **facts, **form.cleaned_data):
        messages.success(request, f"{found.name} archived")
        return go_to(request, page(request.tenant.slug, "roles"))
    count = queries.bindings(found.tenant_id, role=found).values("pk").count()
    gives = "binding gives nothing any more" if count == 1 else "bindings give nothing any more"
    question = {
        "question": f"Archive {found.name} in {request.tenant.name}?",
        "lines": [
            (count, gives),
            *consequences(preview(**_asked(request), change=ArchiveRole(role_id=role_id))),
        ],
        "text": "The role stays in the history and can’t be opened again; it can be copied to a new one.",
        "reversible": False,
        "action": "Archive",
    }
    back = page(request.tenant.slug, "role", role_id=role_id)
    way = [*crumbs(request.tenant.slug, LIST), (found.name, back)]
    return ask(request, form, question, back=back, way=way)


def _form(request: Request, source: Role | None) -> RoleForm:
    """The form, which opens with what ``source`` gives."""
    supported = supported_by(tenant_id=request.tenant.tenant_id, at=timezone.now())
    initial: dict[str, Any] = {}
    if source:
        given = answers_from(contents_of([source])[source.pk], supported)
        name = f"Copy of {source.name}"[:100] if request.GET.get("copy") else source.name
        initial = given | {"name": name, "description": source.description}
    return RoleForm(
        posted(request),
        supported=supported,
        holds=request.powers.permissions(),
        initial=initial | kept_answers(request),
    )


def _copied(request: Request) -> Role | None:
    try:
        return load(request, UUID(request.GET.get("copy", "")), archived=True)
    except ValueError:
        return None


def _attempt(form: RoleForm, verb: Any, **facts: Any) -> tuple[Any, str]:
    """What the verb answers, and what is missing of the actor's own power (Rule 7)."""
    try:
        return form.run(verb, **facts), ""
    except Escalation as refusal:
        return None, str(refusal)


def _asked(request: Request) -> dict[str, Any]:
    return {"tenant_id": request.tenant.tenant_id, "actor": request.actor, "now": timezone.now()}


def _is_seen(request: Request, form: RoleForm, effect: Preview) -> bool:
    """Whether there is nothing to show, or what these very answers do has been shown already."""
    shows = effect.lines or effect.refusal or effect.too_many or effect.busy or effect.resting
    return not effect.refusal and (not shows or request.POST.get("seen") == form.digest)


def _page(
    request: Request, form: RoleForm, role: Role | None, *, effect: Preview | None = None, refusal: str = ""
) -> HttpResponse:
    """The form's page: of a role that is changed, or of a new one."""
    slug = request.tenant.slug
    back = page(slug, "role", role_id=role.pk) if role else page(slug, "roles")
    way = crumbs(slug, LIST, "Create role")
    if role:
        way = [*crumbs(slug, LIST), (role.name, back), ("Edit", None)]
    context = {"form": form, "role": role, "back": back, "crumbs": way, "preview": effect, "refusal": refusal}
    status = 403 if refusal else 422 if form.errors else 200
    return render(request, "authz/role_form.html", context, status=status)
