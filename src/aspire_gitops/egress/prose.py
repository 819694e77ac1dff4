"""Tell an address that a program calls from words for people about one."""

import re

_LEADS_NOWHERE = re.compile(
    r"(?i)(?:^|_)(?:help|helptext|help_text|description|desc|doc|docs|documentation|docstring|"
    r"title|label|placeholder|tooltip|hint|message|msg|caption|epilog|summary|homepage|website|"
    r"examples?|readme|prompt|url_docs|docs_url|console_url|signup_url|allowed_hosts|blocked_hosts)$"
)
_MANY_WORDS = 4


def is_prose(text: str) -> bool:
    """Say whether a text is a sentence rather than an address or a command that holds one."""
    words = text.split()
    if len(words) < _MANY_WORDS:
        return False
    return not any(word in ("curl", "wget", "http", "https", "fetch") for word in words[:3])


def leads_nowhere(name: str) -> bool:
    """Say whether something of this name is for people: a help text, a label, a link to docs."""
    return bool(_LEADS_NOWHERE.search(name))
