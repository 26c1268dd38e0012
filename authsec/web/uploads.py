"""Files that come with a form: small ones, in memory."""

from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.core.files.uploadhandler import MemoryFileUploadHandler

MAX_REQUEST = 1_048_576  # bytes; the largest file that a form of ours takes is a quarter of it


class SmallUploads(MemoryFileUploadHandler):
    """Takes requests of at most MAX_REQUEST bytes, before anything of them is read; nothing ever reaches the disk.

    Without it Django's limit on form data leaves files out, and a stranger fills the disk through any form.
    """

    def handle_raw_input(
        self, input_data: Any, META: Any, content_length: int, boundary: Any, encoding: Any = None
    ) -> None:
        """Refuse what is too large; the answer is 400 like that to any other form that is."""
        if content_length > MAX_REQUEST:
            raise RequestDataTooBig(f"A request with files has at most {MAX_REQUEST} bytes.")
        self.activated = True
