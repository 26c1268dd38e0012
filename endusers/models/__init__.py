"""Consumers, their plan tiers, the history of their standing, and what bulk actions keep."""

from endusers.models.bulk import Outcome, Upload, UploadLine
from endusers.models.consumer import EndUser
from endusers.models.daily_count import DailyCount
from endusers.models.standing import StandingChange
from endusers.models.tier import EndUserTier, PlanTier, TierMove
from endusers.models.view import SavedView

__all__ = [
    "DailyCount",
    "EndUser",
    "EndUserTier",
    "Outcome",
    "PlanTier",
    "SavedView",
    "StandingChange",
    "TierMove",
    "Upload",
    "UploadLine",
]
