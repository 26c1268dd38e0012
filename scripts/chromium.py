"""Make sure that there is a Chromium for the browser tests, or say in one line how to get one and fail."""

import os
import shutil
import subprocess
import sys
from pathlib import Path


def system_chromium() -> str | None:
    """The path of an installed Chromium, or None. AUTHSEC_CHROMIUM names one elsewhere."""
    chosen = os.environ.get("AUTHSEC_CHROMIUM")
    if chosen:
        return chosen if Path(chosen).exists() else None
    names = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
    return next((path for name in names if (path := shutil.which(name))), None)


def playwrights_chromium() -> str | None:
    """The path of the Chromium that Playwright itself downloaded, or None."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if Path(path).exists() else None


def find() -> str | None:
    return system_chromium() or playwrights_chromium()


def quietly(*command: str, timeout: float) -> bool:
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    try:
        done = subprocess.run(command, env=environment, capture_output=True, timeout=timeout, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def main() -> int:
    if find():
        return 0
    print("authsec: installing Chromium for the browser tests", flush=True)
    if os.geteuid() == 0 and shutil.which("apt-get"):
        quietly("apt-get", "update", "-qq", timeout=300)
        quietly("apt-get", "install", "-y", "-qq", "--no-install-recommends", "chromium", timeout=900)
    if not find():
        quietly(sys.executable, "-m", "playwright", "install", "chromium", "--only-shell", timeout=120)
    if find():
        return 0
    print(
        "authsec: the browser tests need Chromium; install it with: sudo apt-get install chromium",
        file=sys.stderr,
    )
    return 1


if __name__ == "__main__":
    sys.exit(main())
