"""Keys of every vendor are found in reviewed files and in code, and hidden in a gateway's words."""

from itertools import count, islice
from random import Random
from string import ascii_letters, ascii_lowercase, digits

import pytest

from aspire_gitops.egress.redacting import keys_in, shown_line
from aspire_gitops.kinds.wire import Redaction
from aspire_gitops.validation.literal_secrets import find, masked
from aspire_gitops.vocabulary.secret_shapes import PROVIDER_KEYS

BASE62, BASE64, SMALL, HEX = ascii_letters + digits, ascii_letters + digits + "-_", ascii_lowercase + digits, "0123456789abcdef"  # fmt: skip
KEYS = 500


def uuid(alphabet: str, rng: Random) -> str:
    return "-".join("".join(rng.choices(alphabet, k=length)) for length in (8, 4, 4, 4, 12))


VENDORS = {
    "anthropic": ("sk-ant-api03-", BASE64, 95),
    "project": ("sk-proj-", BASE64, 156),
    "router": ("sk-or-v1-", HEX, 64),
    "langfuse": ("sk-lf-", HEX, 0),
    "key": ("sk-", BASE62, 48),
    "google": ("AIza", BASE64, 35),
    "groq": ("gsk_", BASE62, 52),
    "xai": ("xai-", BASE62, 80),
    "perplexity": ("pplx-", BASE62, 48),
    "replicate": ("r8_", BASE62, 37),
    "huggingface": ("hf_", ascii_letters, 34),
    "nvidia": ("nvapi-", BASE64, 64),
    "fireworks": ("fw_", BASE62, 22),
    "llamacloud": ("llx-", BASE62, 48),
}


def keys(name: str, alphabet: str) -> list[str]:
    """Return keys of one vendor. Each ends in a letter or digit, so that all of it is the key."""
    start, _, length = VENDORS[name]
    rng = Random(f"{name} {alphabet}")
    plain = alphabet.replace("-", "").replace("_", "")
    made = (
        start + ("".join(rng.choices(alphabet, k=length - 1)) + rng.choice(plain) if length else uuid(alphabet, rng))
        for _ in count()
    )  # fmt: skip
    # In small letters without a digit nothing tells a key from words.
    told = (key for key in made if alphabet != SMALL or any(map(str.isdigit, key[len(start) :])))
    return list(islice(told, KEYS))


CASES = [
    pytest.param(name, alphabet, id=f"{name}, {how}")
    for name, (_, own, _) in VENDORS.items()
    for how, alphabet in (("as issued", own), ("lower case", own if own is HEX else SMALL))
]


def test_every_vendor_is_tried() -> None:
    assert set(VENDORS) == {shape.name for shape in PROVIDER_KEYS}


@pytest.mark.parametrize(("name", "alphabet"), CASES)
def test_a_key_is_found_by_every_finder(name: str, alphabet: str) -> None:
    made = keys(name, alphabet)
    missed = {
        "validate": [key for key in made if [(f.start, f.end) for f in find(f"# {key}")] != [(2, 2 + len(key))]],
        "egress": [key for key in made if [f.length for f in keys_in(f"k = '{key}'")] != [len(key)]],
        "shown by validate": [key for key in made if key[-12:] in masked(f"# {key}")],
        "shown by egress": [key for key in made if key[-12:] in shown_line(f"k = '{key}'")],
        "shown by a gateway": [key for key in made if key[-12:] in Redaction()(f"no such key: {key}")],
    }  # fmt: skip
    assert missed == {name: [] for name in missed}
