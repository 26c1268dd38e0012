"""A server as the public authsec-sdk's own documentation has it written; runs in the .venv of that kit, not in ours.

Only how long it keeps a policy is set shorter, so that a walk need not wait for half a minute.
"""

import os
from datetime import timedelta

import uvicorn
from authsec_sdk.runtime import mount_mcp
from authsec_sdk.runtime.config import from_env
from fastapi import FastAPI
from mcp.server.fastmcp import FastMCP

config = from_env()
config.scope_matrix_ttl = timedelta(milliseconds=100)
config.tool_scope_suggestions = {"list_files": ["files:read"], "drop_file": ["files:write"]}

mcp = FastMCP("files")


@mcp.tool(title="List files")
def list_files() -> list[str]:
    """Names of all files."""
    return ["a.txt"]


@mcp.tool()
def drop_file() -> str:
    """Delete a file for good."""
    return "dropped"


app = FastAPI()
mount_mcp(app, "/mcp", mcp, config)

if __name__ == "__main__":
    print("Listening", flush=True)
    uvicorn.run(app, host="127.0.0.1", port=int(os.environ["PORT"]), log_level="warning")
