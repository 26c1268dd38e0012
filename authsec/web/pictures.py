"""Logos: whatever a stranger sends comes out as a small PNG of our own making, or not at all."""

import io
import warnings

from PIL import Image, ImageOps

MAX_BYTES = 262_144  # what may come in
MAX_EDGE = 4_096  # pixels, before it is opened
EDGE = 128  # pixels, of what comes out
FORMATS = ("PNG", "JPEG", "WEBP", "GIF")  # pixels only: an SVG is a program


class NotAPicture(Exception):
    """It is none of the formats, too large, or broken. The message says which, for a person."""


def logo(content: bytes) -> bytes:
    """A square PNG of EDGE × EDGE pixels, transparent around what is not square; of an animation its first frame.

    Decoding and encoding anew leaves nothing of the sender's bytes: no metadata, no second format hidden behind the
    first. Raises NotAPicture.
    """
    if len(content) > MAX_BYTES:
        raise NotAPicture(f"A logo has at most {MAX_BYTES // 1024} KiB.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(content), formats=FORMATS) as opened:
                if max(opened.size) > MAX_EDGE:
                    raise NotAPicture(f"A logo has at most {MAX_EDGE} × {MAX_EDGE} pixels.")
                picture = ImageOps.exif_transpose(opened).convert("RGBA")
    except NotAPicture:
        raise
    # Pillow's decoders raise whatever they meet in a broken file.
    except Exception as error:
        raise NotAPicture("A logo is a PNG, JPEG, WebP or GIF picture.") from error
    fitted = ImageOps.pad(picture, (EDGE, EDGE), color=(0, 0, 0, 0))
    made = io.BytesIO()
    fitted.save(made, "PNG", optimize=True)
    return made.getvalue()
