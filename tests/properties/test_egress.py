"""Whatever a file holds, scanning it ends, and shows no key."""

from hypothesis import given, settings
from hypothesis import strategies as st

from aspire_gitops.egress.exceptions import read_exceptions
from aspire_gitops.egress.scanning import SCANNERS, scan_text
from support.labelled import GATEWAY, made_up_key
from support.sample import examples

KEY = made_up_key("sk-ant-")
PIECES = (
    "from openai import OpenAI\n", "import OpenAI from 'openai';\n", "OpenAI(", "new OpenAI(", "OpenAI::client(", "<?php ",
    "base_url=", "baseURL: ", "{", "}", "[", "]", ")", '"', "'", "`", "${", "\n", "\\", "#", "//", "/*", "*/", "...", "**", "=>", "a.b",
    "https://api.openai.com/v1", "MISTRAL_API_KEY", "OPENAI_API_KEY=", "OPENAI_BASE_URL: ", KEY, "\0", "\x0c", "\u2028", "ü日", "\ud800", "\r", "<script>", "class X(OpenAI):", "def f(", "os.environ[",
)  # fmt: skip
texts = st.lists(st.sampled_from(PIECES) | st.text(max_size=5), max_size=25).map("".join)


@settings(deadline=None, max_examples=examples(150))
@given(text=texts, language=st.sampled_from([*sorted(SCANNERS), "notebook", "text"]))
def test_any_text_is_scanned_and_no_key_is_shown(text: str, language: str) -> None:
    judged = scan_text("x", text, GATEWAY, language=language)
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    for finding in judged.findings:
        assert KEY not in repr(finding)
        assert 1 <= finding.diagnostic.span.line <= len(lines)


@settings(deadline=None, max_examples=examples(100))
@given(content=st.binary(max_size=60) | texts.map(lambda text: text.encode("utf-8", "replace")))
def test_any_file_of_exceptions_is_read(content: bytes) -> None:
    read = read_exceptions("x.yaml", content)
    assert read.entries == () or not any(item.is_error for item in read.diagnostics)


def test_a_chain_without_end_is_no_end() -> None:
    chain = "from openai import OpenAI\nOpenAI()" + ".a()" * 5_000
    for language in SCANNERS:
        scan_text("x", chain, GATEWAY, language=language)
    scan_text("x", "(" * 5_000, GATEWAY, language="python")
