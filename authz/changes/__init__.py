"""Changes of access as values: what *what if* tries out, each by the real verb."""

from authz.changes.base import KINDS as KINDS
from authz.changes.base import Change as Change
from authz.changes.bindings import Bind as Bind
from authz.changes.bindings import ChangeBinding as ChangeBinding
from authz.changes.bindings import EndBinding as EndBinding
from authz.changes.groups import AddOperators as AddOperators
from authz.changes.groups import AddToGroup as AddToGroup
from authz.changes.groups import ArchiveGroup as ArchiveGroup
from authz.changes.groups import EndGroupAccess as EndGroupAccess
from authz.changes.groups import EndServiceAccount as EndServiceAccount
from authz.changes.groups import RemoveFromGroup as RemoveFromGroup
from authz.changes.groups import RemoveOperator as RemoveOperator
from authz.changes.people import ChangeMemberType as ChangeMemberType
from authz.changes.people import ReactivateEndUser as ReactivateEndUser
from authz.changes.people import ReactivateMember as ReactivateMember
from authz.changes.people import RemoveMember as RemoveMember
from authz.changes.people import SetPlanTier as SetPlanTier
from authz.changes.people import SuspendEndUser as SuspendEndUser
from authz.changes.people import SuspendMember as SuspendMember
from authz.changes.roles import ArchiveApplication as ArchiveApplication
from authz.changes.roles import ArchiveRole as ArchiveRole
from authz.changes.roles import ChangeScopes as ChangeScopes
from authz.changes.roles import DisableApplication as DisableApplication
from authz.changes.roles import EditRole as EditRole
from authz.changes.roles import EnableApplication as EnableApplication
from authz.changes.roles import SetScopes as SetScopes
