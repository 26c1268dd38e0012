from django.db import migrations

from authsec.database.operations import SameTenant, TenantPolicy


class Migration(migrations.Migration):
    dependencies = [("oauth", "0001_initial"), ("authz", "0002_walls")]

    operations = [
        TenantPolicy("Client", shared=True),
        TenantPolicy("Grant"),
        TenantPolicy("AccessToken"),
        TenantPolicy("RefreshToken"),
        TenantPolicy("IDToken"),
        TenantPolicy("DeviceGrant"),
        TenantPolicy("ClientApproval"),
        TenantPolicy("ClientPolicy"),
        TenantPolicy("ClientApplication"),
        TenantPolicy("Consent"),
        TenantPolicy("ResourceCredential"),
        TenantPolicy("Decision"),
        SameTenant("Client", "service_account"),
        SameTenant("Grant", "audience"),
        SameTenant("AccessToken", "audience"),
        SameTenant("RefreshToken", "audience"),
        SameTenant("IDToken", "audience"),
        SameTenant("DeviceGrant", "audience"),
        SameTenant("ClientApplication", "application"),
        SameTenant("Consent", "user", "application"),
        SameTenant("ResourceCredential", "application"),
    ]
