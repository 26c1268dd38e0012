"""Consumers, their plan tiers, the history of their standing, and what bulk actions keep."""

from endusers.models.bulk import Outcome, Upload, UploadLine
from endusers.models.consumer import EndUser
from endusers.models.standing import StandingChange
from endusers.models.tier import EndUserTier, PlanTier, TierMove

__all__ = [
    "EndUser",
    "EndUserTier",
    "Outcome",
    "PlanTier",
    "StandingChange",
    "TierMove",
    "Upload",
    "UploadLine",
]
