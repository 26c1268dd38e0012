"""What the story's calls are refused with: an example of each problem type that a call of the API can meet."""

from authsec.console.story_cast import ACME

PROBLEMS: dict[str, tuple[int, str, list[dict[str, str]]]] = {
    "internal-error": (500, "The request's id leads us to what happened.", []),
    "tenant-required": (400, "Name the tenant in the X-Tenant-ID header.", []),
    "malformed-request": (400, "The body is not UTF-8.", []),
    "invalid-parameter": (
        400,
        "limit: limit is a number from 1 to 200.",
        [{"parameter": "limit", "detail": "limit is a number from 1 to 200."}],
    ),
    "unauthenticated": (401, "Send an access token for this API: Authorization: Bearer …", []),
    "invalid-token": (401, "The token has expired.", []),
    "insufficient-scope": (403, "This needs the scope api:write.", []),
    "tenant-not-in-token": (403, f"Your access token does not hold the tenant {ACME}.", []),
    "forbidden": (403, "None of your roles gives groups:manage.", []),
    "escalation": (403, "You can’t give what you don’t hold: audit:read.", []),
    "not-found": (404, "There is nothing here by that id.", []),
    "conflict": (409, "This group is closed, and stays so.", []),
    "gone": (410, "The file is deleted: results are kept for a day. Start the job again.", []),
    "too-large": (413, "A body has at most 1048576 bytes.", []),
    "throttled": (429, "At most 3000 requests in 60 seconds. Try again in 41 s.", []),
    "unavailable": (
        503,
        "Something else is being changed there right now. Nothing has been changed. Try again.",
        [],
    ),
    "unsupported-media-type": (415, "Unsupported media type “text/plain” in request.", []),
    "invalid": (422, "This field is required.", [{"pointer": "#/name", "detail": "This field is required."}]),
}
