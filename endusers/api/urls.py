"""The management API of end users."""

from django.urls import path

from endusers.api.billing import PlanTierOf
from endusers.api.bulk import Bulk, BulkLeftOut, BulkUndo
from endusers.api.end_users import EndUsers, OneEndUser, Reactivate, Suspend
from endusers.api.imports import Imports, Lines, OneImport, PutIntoForce
from endusers.api.plan_tiers import OnePlanTier, PlanTiers

HERE = "uflow/v2/tenants/<uuid:tenant_id>/end-users"

app_name = "endusers_api"
urlpatterns = [
    path(HERE, EndUsers.as_view(), name="end_users"),
    path(f"{HERE}/bulk", Bulk.as_view(), name="bulk"),
    path(f"{HERE}/bulk/<uuid:bulk_job_id>/left-out", BulkLeftOut.as_view(), name="bulk_left_out"),
    path(f"{HERE}/bulk/<uuid:bulk_job_id>/undo", BulkUndo.as_view(), name="bulk_undo"),
    path(f"{HERE}/imports", Imports.as_view(), name="imports"),
    path(f"{HERE}/imports/<uuid:upload_id>", OneImport.as_view(), name="import"),
    path(f"{HERE}/imports/<uuid:upload_id>/lines", Lines.as_view(), name="import_lines"),
    path(f"{HERE}/imports/<uuid:upload_id>/put-into-force", PutIntoForce.as_view(), name="put_into_force"),
    path(f"{HERE}/<uuid:user_id>", OneEndUser.as_view(), name="end_user"),
    path(f"{HERE}/<uuid:user_id>/suspend", Suspend.as_view(), name="suspend"),
    path(f"{HERE}/<uuid:user_id>/reactivate", Reactivate.as_view(), name="reactivate"),
    path(f"{HERE}/<uuid:user_id>/plan-tier", PlanTierOf.as_view(), name="end_user_plan_tier"),
    path("uflow/v2/plan-tiers", PlanTiers.as_view(), name="plan_tiers"),
    path("uflow/v2/plan-tiers/<slug:plan_tier>", OnePlanTier.as_view(), name="plan_tier"),
]
