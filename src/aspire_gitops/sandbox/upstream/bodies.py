"""Read the body of a request: JSON, or a form with files. Pure."""

import json
from email import policy
from email.parser import BytesParser
from typing import Any

_FORM = "multipart/form-data"


def read_body(content: bytes, content_type: str) -> dict[str, Any]:
    """Return the fields of a body; those of one that is neither an object nor a form are none.

    A file of a form becomes a part of the kind that its field names, without its bytes.
    """
    if content_type.lower().startswith(_FORM):
        return _form(content, content_type)
    try:
        found = json.loads(content or b"{}")
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _form(content: bytes, content_type: str) -> dict[str, Any]:
    head = f"content-type: {content_type}\r\n\r\n".encode()
    message = BytesParser(policy=policy.HTTP).parsebytes(head + content)
    found: dict[str, list[Any]] = {}
    for part in message.iter_parts() if message.is_multipart() else ():
        name = str(part.get_param("name", "", header="content-disposition")).removesuffix("[]")
        payload = part.get_payload(decode=True)
        found.setdefault(name, []).append(_value(part.get_filename(), payload))
    return {name: values[0] if len(values) == 1 else values for name, values in found.items()}


def _value(filename: str | None, payload: Any) -> Any:
    raw = payload if isinstance(payload, bytes) else b""
    if filename is None:
        return raw.decode(errors="replace")
    return {"type": "image", "filename": filename, "bytes": len(raw)}
