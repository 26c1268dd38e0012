"""Pull requests over MCP. AuthSec says who calls and what they may do; each tool says which scope it needs."""

import os
from urllib.parse import urlsplit

import uvicorn
from fastmcp import FastMCP
from fastmcp.exceptions import ToolError
from fastmcp.server.dependencies import get_access_token

from authsec import authority, http_app, needs

ISSUER, RESOURCE = os.environ["AUTHSEC_ISSUER"], os.environ["RESOURCE_URI"]
CREDENTIAL = (os.environ["CREDENTIAL_ID"], os.environ["CREDENTIAL_SECRET"])
PORT = int(os.environ.get("PORT") or urlsplit(RESOURCE).port or 8080)

auth = authority(ISSUER, RESOURCE, CREDENTIAL, scopes=["pr:read", "pr:write"], first="pr:read")
mcp: FastMCP = FastMCP("pull-requests", auth=auth)
pull_requests = {
    41: {"number": 41, "title": "Keep the cursor when a page is empty", "state": "open"},
    42: {"number": 42, "title": "Say which scope is missing", "state": "open"},
}


@mcp.tool(meta=needs("pr:read"))
def list_pull_requests() -> list[dict]:
    """All pull requests."""
    return list(pull_requests.values())


@mcp.tool(meta=needs("pr:write"))
def merge_pull_request(number: int) -> dict:
    """Merge a pull request."""
    if number not in pull_requests:
        raise ToolError(f"There is no {number}.")
    caller = get_access_token()
    pull_requests[number]["state"] = f"merged by {caller.claims['username']}" if caller else "merged"
    return pull_requests[number]


if __name__ == "__main__":
    print(f"Listening on port {PORT} for {RESOURCE}", flush=True)
    uvicorn.run(
        http_app(mcp, RESOURCE), host=os.environ.get("HOST", "127.0.0.1"), port=PORT, log_level="warning"
    )
