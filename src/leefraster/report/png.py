"""A picture of codes as a palette PNG: tens of kilobytes for a country, and the same bytes each time."""

from __future__ import annotations

import base64
import struct
import zlib

import numpy as np
import numpy.typing as npt


def data_uri(codes: npt.NDArray[np.uint8], palette: tuple[str, ...]) -> str:
    """Return a PNG as a data URI; codes beyond the palette are transparent.

    Parameters
    ----------
    codes : ndarray of uint8
        Shape (rows, columns), row 0 at the top.
    palette : tuple of str
        ``#rrggbb`` of the codes 0, 1, 2, ...
    """
    return "data:image/png;base64," + base64.b64encode(encode(codes, palette)).decode("ascii")


def encode(codes: npt.NDArray[np.uint8], palette: tuple[str, ...]) -> bytes:
    """Return the bytes of a palette PNG (PNG specification, colour type 3), four or eight bits a pixel."""
    height, width = codes.shape
    clear = len(palette)
    pixels = np.minimum(codes, clear).astype(np.uint8)
    bits = 4 if clear < 16 else 8
    if bits == 4:
        padded = np.pad(pixels, ((0, 0), (0, width % 2)))
        pixels = np.bitwise_or(padded[:, ::2] * np.uint8(16), padded[:, 1::2], dtype=np.uint8)
    rows = np.concatenate([np.zeros((height, 1), np.uint8), pixels], axis=1)
    colours = b"".join(bytes.fromhex(colour[1:]) for colour in palette) + b"\xff\xff\xff"
    return b"".join(
        (
            b"\x89PNG\r\n\x1a\n",
            _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, 3, 0, 0, 0)),
            _chunk(b"PLTE", colours),
            _chunk(b"tRNS", b"\xff" * clear + b"\x00"),
            _chunk(b"IDAT", zlib.compress(rows.tobytes(), 6)),
            _chunk(b"IEND", b""),
        )
    )


def _chunk(kind: bytes, content: bytes) -> bytes:
    checksum = zlib.crc32(kind + content)
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", checksum)
