"""Addresses that are taken and refused, and words of others that are made harmless."""

import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from aspire_gitops.sources.git import Credentials, RemoteSource, SshKey, Token
from aspire_gitops.sources.git.address import check_branch, parse_address
from aspire_gitops.sources.git.program import (
    MAX_APPROVERS,
    MAX_LINE,
    approvers,
    complaint,
    one_line,
)
from aspire_gitops.vocabulary import UsageError

KEY = SshKey(Path("/key"), Path("/known_hosts"))


@pytest.mark.parametrize(
    ("text", "protocol", "host"),
    [
        ("https://git.example.com/aspire/gateway.git", "https", "git.example.com"),
        ("https://git.example.com:8443/aspire/gateway", "https", "git.example.com"),
        ("http://127.0.0.1:3000/aspire/gateway.git", "http", "127.0.0.1"),
        ("http://localhost/aspire/gateway.git", "http", "localhost"),
        ("http://[::1]:3000/aspire/gateway.git", "http", "::1"),
        ("ssh://git@git.example.com:2222/aspire/gateway.git", "ssh", "git.example.com"),
        ("git@git.example.com:aspire/gateway.git", "ssh", "git.example.com"),
        ("/srv/gateway.git", "file", ""),
        ("file:///srv/gateway.git", "file", ""),
    ],
)
def test_an_address_that_is_taken(text: str, protocol: str, host: str) -> None:
    address = parse_address(text)
    assert (address.protocol, address.host) == (protocol, host)


def test_a_relative_path_is_made_whole() -> None:
    assert parse_address("gateway.git").url == str(Path.cwd() / "gateway.git")


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="nothing"),
        pytest.param("--upload-pack=touch planted", id="an option"),
        pytest.param("-oProxyCommand=planted", id="an option of ssh"),
        pytest.param("ext::sh -c planted", id="a command"),
        pytest.param("ext::planted", id="a helper"),
        pytest.param("fd::17", id="a descriptor"),
        pytest.param("https::https://planted.example.com/x", id="a helper by name"),
        pytest.param("git://planted.example.com/x", id="a protocol without proof"),
        pytest.param("ftp://planted.example.com/x", id="a protocol of old"),
        pytest.param("http://planted.example.com/x", id="readable on the way"),
        pytest.param("http://127.0.0.1.planted.example.com/x", id="nearly loopback"),
        pytest.param("https://zac:planted@example.com/x", id="a password"),
        pytest.param("https://zac:@example.com/planted", id="an empty password"),
        pytest.param("https://planted@example.com/x", id="a token as the user"),
        pytest.param("ssh://git:planted@example.com/x", id="a password for ssh"),
        pytest.param("https://example.com/x?private_token=planted", id="a token in the query"),
        pytest.param("https://example.com/x#planted", id="a fragment"),
        pytest.param("https://example.com", id="no path"),
        pytest.param("https:///planted", id="no host"),
        pytest.param("https://-planted/x", id="a host like an option"),
        pytest.param("https://exa mple.com/planted", id="a space"),
        pytest.param("https://example.com/planted\n--x", id="a line break"),
        pytest.param("https://example.com:planted/x", id="no port"),
        pytest.param("ssh://-oProxyCommand=planted/x", id="an ssh host like an option"),
        pytest.param("ssh://-planted@example.com/x", id="an ssh user like an option"),
        pytest.param("ssh://git@example.com/-planted", id="an ssh path like an option"),
        pytest.param("git@-planted:x", id="a short ssh host like an option"),
        pytest.param("git@example.com:-planted", id="a short ssh path like an option"),
        pytest.param("git:planted@example.com:x", id="a password in a short ssh address"),
        pytest.param("example.com:planted", id="a short ssh address without its user"),
        pytest.param("file://planted.example.com/x", id="a file elsewhere"),
    ],
)
def test_an_address_that_is_refused_is_not_repeated(text: str, clone: Path) -> None:
    with pytest.raises(UsageError) as caught:
        RemoteSource(text, clone=clone, credentials=None)
    assert "; " in str(caught.value)
    assert "planted" not in str(caught.value)


@given(st.text())
def test_no_text_gets_past_the_address_as_an_option_or_a_helper(text: str) -> None:
    try:
        url = parse_address(text).url
    except UsageError:
        return
    assert not url.startswith("-")
    assert "::" not in url.split("/")[0]
    assert url.isprintable()


@pytest.mark.parametrize(
    ("url", "credentials", "words"),
    [
        ("git@example.com:x", None, "set a key file"),
        ("git@example.com:x", Token(SecretStr("planted")), "set a key file"),
        ("https://example.com/x", KEY, "set a token"),
        ("/srv/x.git", Token(SecretStr("planted")), "takes no credentials"),
    ],
)
def test_credentials_must_fit_the_address(
    url: str, credentials: Credentials | None, words: str, clone: Path
) -> None:
    with pytest.raises(UsageError, match=words) as caught:
        RemoteSource(url, clone=clone, credentials=credentials)
    assert "planted" not in str(caught.value)


@pytest.mark.parametrize("name", ["main", "team/next", "v1.2", "feature-x", "größe", "a@b", "HEAD"])
def test_a_branch_that_is_taken(name: str) -> None:
    assert check_branch(name) == name


@pytest.mark.parametrize(
    "name",
    ["", "-x", "--all", "a..b", "a b", "a\nb", "a~1", "a^", "a:b", "a*", "a?", "a[", "a\\b", "@", "@{1}",
     "/a", "a/", "a//b", ".a", "a/.b", "a.", "a.lock", "a.lock/b", "refs/heads/main", "a\u202eb"],
)  # fmt: skip
def test_a_branch_that_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match="invalid branch name"):
        check_branch(name)


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        pytest.param("Subject", (), id="a subject only"),
        pytest.param("Approved-by: Jo", (), id="a subject is no trailer"),
        pytest.param("S\n\nApproved-by: Jo\nReviewed-by: Kim\n", ("Jo", "Kim"), id="two kinds"),
        pytest.param("S\n\nACKED-BY :  Jo  \n", ("Jo",), id="case and spaces"),
        pytest.param("S\n\nApproved-by: Jo\nacked-by: Jo", ("Jo",), id="each once"),
        pytest.param("S\n\nSigned-off-by: Z\nApproved-by: Jo", ("Jo",), id="among others"),
        pytest.param("S\r\n\r\nApproved-by: Jo\r\n", ("Jo",), id="line ends of Windows"),
        pytest.param("S\n\nApproved-by: Jo\n\nMore words", (), id="not the last paragraph"),
        pytest.param("S\n\nWe hope for\nApproved-by: Jo", (), id="in the middle of words"),
        pytest.param("S\n\nApproved-by:\nAcked-by: \x1b[2J", ("\\x1b[2J",), id="hostile"),
        pytest.param("S\n\nDisapproved-by: Jo", (), id="another word"),
    ],
)
def test_who_approved(message: str, expected: tuple[str, ...]) -> None:
    assert approvers(message) == expected


def test_approvers_are_bounded() -> None:
    message = "S\n\n" + "\n".join(f"Acked-by: {n} {'x' * 5000}" for n in range(500))
    found = approvers(message)
    assert (len(found), max(map(len, found))) == (MAX_APPROVERS, MAX_LINE)


@given(st.text())
def test_every_line_of_others_is_short_and_does_nothing(text: str) -> None:
    shown = one_line(text)
    assert len(shown) <= MAX_LINE
    assert not any(unicodedata.category(each)[0] == "C" for each in shown if ord(each) < 0x378)
    assert "\n" not in shown


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("", "git gave no reason"),
        ("warning: x\nfatal: no way\nmore", "no way"),
        ("jo@host: Permission denied (publickey).\nfatal: Could not read from remote repository.\n",
         "jo@host: Permission denied (publickey)."),
        ("@@@@@@@\n@  WARNING: CHANGED!  @\n@@@@@@@\nmore", "WARNING: CHANGED!"),
        ("fatal: a\x1b[2Jb", "a\\x1b[2Jb"),
    ],
)  # fmt: skip
def test_a_complaint_is_the_telling_line(said: str, expected: str) -> None:
    assert complaint(said) == expected
