"""What contexts above hear of consumers, inside the same transaction."""

from django.dispatch import Signal

# Many people lost their standing by one statement, which no model's signal tells of. Sends tenant_id, user_ids, now.
standing_lost = Signal()
