"""A person's authenticator app (RFC 6238), written from the RFC and not from the product's library."""

import base64
import hashlib
import hmac
import struct
import time

STEP_S = 30


def code(secret: str, step: int) -> str:
    """RFC 4226 §5.3: six digits of HMAC-SHA-1 over the counter."""
    key = base64.b32decode(secret + "=" * (-len(secret) % 8), casefold=True)
    digest = hmac.new(key, struct.pack(">Q", step), hashlib.sha1).digest()
    offset = digest[-1] & 0x0F
    return f"{(int.from_bytes(digest[offset : offset + 4], 'big') & 0x7FFFFFFF) % 1_000_000:06d}"


class Authenticator:
    """Gives each code once: RFC 6238 §5.2 forbids the server to take one twice."""

    def __init__(self, secret: str) -> None:
        self.secret = secret
        self._last = 0

    def next_code(self) -> str:
        """The code of now; after a second question in the same half minute, the next one as soon as it counts."""
        deadline = time.monotonic() + STEP_S + 2
        while (step := int(time.time()) // STEP_S) == self._last:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        self._last = step
        return code(self.secret, step)
