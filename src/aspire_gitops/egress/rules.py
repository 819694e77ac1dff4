"""What can be wrong with how an app reaches its models: AG601 to AG611.

Each rule has a page in `docs/rules/`. `judging`, `scanning`, `folder` and `exceptions` check them.
"""

from aspire_gitops.vocabulary import Rule, Severity

DIRECT_CLIENT = Rule("AG601", "direct-client")
PROVIDER_HOST = Rule("AG602", "provider-host")
PROVIDER_KEY_VARIABLE = Rule("AG603", "provider-key-variable")
KEY_IN_TEXT = Rule("AG604", "key-in-text")
OTHER_BASE_URL = Rule("AG605", "other-base-url")
CLIENT_WITHOUT_ROAD = Rule("AG606", "client-without-road")
KEY_WITHOUT_BASE_URL = Rule("AG607", "key-without-base-url", Severity.WARNING)
UNREAD_FILE = Rule("AG608", "unread-file")
EXCEPTIONS_FILE = Rule("AG609", "exceptions-file")
EXPIRED_EXCEPTION = Rule("AG610", "expired-exception")
UNUSED_EXCEPTION = Rule("AG611", "unused-exception", Severity.WARNING)
