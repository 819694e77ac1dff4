"""What can be wrong with a file before its content is interpreted: AG001 to AG020.

Each rule has a page in `docs/rules/`. `sources` reports some of these codes for files
that it cannot read; `loading` finds the rest.
"""

from aspire_gitops.vocabulary import FINDINGS_LEFT_OUT, MAX_FINDINGS, Rule

MAX_FILE_BYTES = 256 * 1024
MAX_DEPTH = 16  # our deepest resource has five levels
MAX_DIGITS = 18  # of an integer, so that it fits in 64 bits everywhere

YAML_SYNTAX = Rule("AG001", "yaml-syntax")
NOT_UTF8 = Rule("AG002", "not-utf-8")
INVISIBLE_CHARACTER = Rule("AG003", "invisible-character")
TAB = Rule("AG004", "tab")
EMPTY_FILE = Rule("AG005", "empty-file")
SEVERAL_DOCUMENTS = Rule("AG006", "several-documents")
NOT_A_MAPPING = Rule("AG007", "not-a-mapping")
DUPLICATE_KEY = Rule("AG008", "duplicate-key")
ANCHOR = Rule("AG009", "anchor-or-alias")
TAG = Rule("AG010", "tag-or-directive")
KEY_NOT_TEXT = Rule("AG011", "key-not-text")
AMBIGUOUS_SCALAR = Rule("AG012", "ambiguous-scalar")
UNUSABLE_NUMBER = Rule("AG013", "unusable-number")
TOO_DEEP = Rule("AG014", "too-deep")
FILE_TOO_LARGE = Rule("AG015", "file-too-large")
NOT_A_REGULAR_FILE = Rule("AG016", "not-a-regular-file")
REFUSED_LINK = Rule("AG017", "refused-link")
UNREADABLE_FILE = Rule("AG018", "unreadable-file")
NOT_YAML = Rule("AG020", "not-yaml")

RULES = {
    rule.code: rule
    for rule in (
        YAML_SYNTAX,
        NOT_UTF8,
        INVISIBLE_CHARACTER,
        TAB,
        EMPTY_FILE,
        SEVERAL_DOCUMENTS,
        NOT_A_MAPPING,
        DUPLICATE_KEY,
        ANCHOR,
        TAG,
        KEY_NOT_TEXT,
        AMBIGUOUS_SCALAR,
        UNUSABLE_NUMBER,
        TOO_DEEP,
        FILE_TOO_LARGE,
        NOT_A_REGULAR_FILE,
        REFUSED_LINK,
        UNREADABLE_FILE,
        FINDINGS_LEFT_OUT,
        NOT_YAML,
    )
}
"""Every rule of this room by its code."""

__all__ = ["FINDINGS_LEFT_OUT", "MAX_FINDINGS"]  # defined where every room can count
