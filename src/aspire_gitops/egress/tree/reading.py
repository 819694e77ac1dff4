"""Bytes of one file to text, or why it is not read."""

import os
import stat
from enum import StrEnum

MAX_BYTES = 1 << 20
MAX_NOTEBOOK_BYTES = 16 << 20  # pictures lie in them
_LONG_LINE = 500  # characters on average: nobody writes that
_LONG_LINES_FROM = 5000  # bytes; a short file of one line is a short file
_PROBE = 8192
_UTF16 = (b"\xff\xfe", b"\xfe\xff")


class Skipped(StrEnum):
    """Why a file is left out."""

    BINARY = "binary"
    HUGE = "huge"
    MINIFIED = "minified"


def read_bytes(opened: str) -> bytes | Skipped:
    """Return a file's content, or why it is not read. UTF-16 comes as UTF-8.

    Raises:
        OSError: It cannot be read.
    """
    limit = MAX_NOTEBOOK_BYTES if opened.endswith(".ipynb") else MAX_BYTES
    # Not blocking: a pipe in the tree would wait for ever.
    descriptor = os.open(opened, os.O_RDONLY | os.O_NONBLOCK)
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            return Skipped.BINARY
        if status.st_size > limit:
            return Skipped.HUGE
        content = os.read(descriptor, limit + 1)
    finally:
        os.close(descriptor)
    if len(content) > limit:
        return Skipped.HUGE
    if content.startswith(_UTF16):
        return content.decode("utf-16", "replace").encode()
    return Skipped.BINARY if b"\0" in content[:_PROBE] else content


def is_minified(path: str, content: bytes) -> bool:
    """Say whether a program wrote the file: `.min.` in its name, or lines that nobody could read."""
    name = path.rpartition("/")[2]
    if ".min." in name:
        return True
    if name.endswith(".ipynb") or len(content) < _LONG_LINES_FROM:
        return False
    return len(content) / (content.count(b"\n") + 1) > _LONG_LINE


def decoded(content: bytes) -> str:
    """Return the text: UTF-8, or else Latin-1, which reads anything."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("latin-1")
