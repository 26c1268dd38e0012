"""Logos of strangers: what comes out is ours, and small."""

import io
import struct
import zlib

import pytest
from PIL import Image

from authsec.web.pictures import EDGE, MAX_BYTES, NotAPicture, logo


def picture(kind: str, size: tuple[int, int] = (300, 100)) -> bytes:
    made = io.BytesIO()
    Image.new("RGB", size, (10, 120, 90)).save(made, kind)
    return made.getvalue()


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF"])
def test_a_picture_comes_out_as_a_small_square_png(kind: str) -> None:
    with Image.open(io.BytesIO(logo(picture(kind)))) as made:
        assert (made.format, made.size) == ("PNG", (EDGE, EDGE))
        _, green, _, alpha = made.convert("RGBA").getpixel((EDGE // 2, EDGE // 2))  # type: ignore[misc]
        assert alpha == 255
        assert abs(green - 120) < 12
        assert made.convert("RGBA").getpixel((2, 2))[3] == 0, "transparent around what is not square"  # type: ignore[index]


def test_nothing_of_the_senders_bytes_is_left() -> None:
    content = picture("PNG") + b"<script>alert(1)</script>"
    assert b"script" not in logo(content)


def bomb(width: int, height: int) -> bytes:
    """A PNG of a few bytes that says it is huge (its pixels never come)."""
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunk = b"IHDR" + head
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", len(head)) + chunk + struct.pack(">I", zlib.crc32(chunk))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        b"GIF89a",
        picture("PNG")[:60],
        picture("BMP", (4, 4)),
        picture("TIFF", (4, 4)),
        bomb(60_000, 60_000),
        bomb(5_000, 10),
        b"\0" * (MAX_BYTES + 1),
    ],
    ids=["nothing", "svg", "head only", "cut", "bmp", "tiff", "bomb", "wide", "too many bytes"],
)
def test_what_is_no_picture_of_the_four_kinds_is_refused(content: bytes) -> None:
    with pytest.raises(NotAPicture):
        logo(content)
