"""The shapes that vendors give their keys and tokens: one table for everything that finds or hides them.

`validation.literal_secrets` looks for all of them in reviewed files, `egress.redacting` for
the keys of model providers in an app's code, `kinds.wire` hides them in whatever a
gateway answers. Each decides for itself what may stand around a key.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Shape:
    """One vendor's shape: `start` and `rest` are regular expressions without groups.

    `hint` is cheap to search for: without it a text holds no such key. `of_provider`
    marks keys that call models. `tells` says that no ordinary word begins like this.
    `bounded` keys begin at a word boundary.
    """

    name: str
    what: str
    start: str
    rest: str
    hint: str = ""
    of_provider: bool = False
    tells: bool = False
    bounded: bool = True

    @property
    def pattern(self) -> str:
        return self.start + self.rest


_WORD = "[A-Za-z0-9_-]"
_ALNUM = "[A-Za-z0-9]"

PROVIDER_KEYS = tuple(
    Shape(name, what, start, rest, of_provider=True, tells=tells)
    for name, what, start, rest, tells in (
        ("anthropic", "an Anthropic key", "sk-ant-", _WORD + "{8,}", False),
        ("project", "an OpenAI key", "sk-(?:proj|svcacct|admin|None)-", _WORD + "{16,}", False),
        ("router", "an OpenRouter key", "sk-or-v1-", "[0-9a-f]{32,}", True),
        ("langfuse", "a Langfuse secret", "sk-lf-", "[0-9a-f-]{36}", True),
        ("key", "an API key", "sk-", "(?!ant-)" + _WORD + "{16,}", False),
        ("google", "a Google API key", "AIza", _WORD + "{30,}", True),
        ("groq", "a Groq key", "gsk_", _ALNUM + "{30,}", False),
        ("xai", "an xAI key", "xai-", _ALNUM + "{40,}", False),
        ("perplexity", "a Perplexity key", "pplx-", _ALNUM + "{32,}", False),
        ("replicate", "a Replicate token", "r8_", _ALNUM + "{32,}", False),
        ("huggingface", "a Hugging Face token", "hf_", _ALNUM + "{20,}", False),
        ("nvidia", "an NVIDIA key", "nvapi-", _WORD + "{40,}", False),
        ("fireworks", "a Fireworks key", "fw_", _ALNUM + "{20,}", False),
        ("llamacloud", "a LlamaCloud key", "llx-", _ALNUM + "{30,}", False),
    )
)
ALL = (
    *PROVIDER_KEYS,
    Shape("payment", "an API key", "sk_", _WORD + "{16,}"),
    Shape("aws", "an AWS access key id", "(?:AKIA|ASIA)", r"[A-Z0-9]{16}\b"),
    Shape("github", "a GitHub token", "gh[pousr]_", _ALNUM + "{20,}"),
    Shape("github_fine", "a GitHub token", "github_pat_", "[A-Za-z0-9_]{20,}"),
    Shape("gitlab", "a GitLab token", "glpat-", _WORD + "{16,}"),
    Shape("slack", "a Slack token", "xox[a-z]-", "[A-Za-z0-9-]{10,}"),
    Shape(
        "pem",
        "a private key",
        "-----BEGIN [A-Z ]*PRIVATE KEY-----",
        # Not over another five dashes: thousands of beginnings would each be read to the end.
        r"(?:(?:[A-Za-z0-9+/=\s#]|-(?!----))*-----END [A-Z ]*-----)?",
        hint="-----B",
        bounded=False,
    ),
    Shape("jwt", "a JSON web token", "eyJ", rf"{_WORD}{{8,2000}}\.{_WORD}{{8,}}(?:\.{_WORD}*)?"),
    Shape("bearer", "a bearer token", "[Bb]earer +", "[A-Za-z0-9._~+/-]{20,}=*", hint="earer "),
    Shape(
        "login",
        "a password in a URL",
        "(?<=://)",
        r"[^\s/:@\"']+:[^\s/@\"']+(?=@)",
        hint=r"://[^\s/@]*@",
        bounded=False,
    ),
)
BY_NAME = {shape.name: shape for shape in ALL}


def matcher(
    shapes: Iterable[Shape], *, before: str = r"\b", after: str = ""
) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """Return what finds any of the shapes, with the shape's name as the group, and a quick hint.

    `before` and `after` say what may stand around a key.
    """
    listed = tuple(shapes)
    alternatives = (
        f"{before if shape.bounded else ''}(?P<{shape.name}>{shape.pattern}){after}"
        for shape in listed
    )
    hints = dict.fromkeys(shape.hint or shape.start for shape in listed)
    return re.compile("|".join(alternatives)), re.compile("|".join(hints))


__all__ = ["ALL", "BY_NAME", "PROVIDER_KEYS", "Shape", "matcher"]
