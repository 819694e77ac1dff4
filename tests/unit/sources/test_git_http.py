"""A remote over real smart HTTP: tokens that are let in, and none that leaks."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from aspire_gitops.sources.git import Credentials, RemoteSource, Token, TokenFile
from aspire_gitops.sources.git.address import access, parse_address
from aspire_gitops.sources.git.program import run, variables
from aspire_gitops.vocabulary import AspireGitopsError, SourceRefused, SourceUnavailable
from support.certificates import new_certificate
from support.git_http import GitServer, serving
from support.git_repository import Repository

pytestmark = pytest.mark.slow  # other programs at work, one after the other

TOKEN = "glpat-planted/secret+token=="
SPELLINGS = (TOKEN, "glpat-planted%2Fsecret%2Btoken%3D%3D", "planted", "Z2xwYXQt", "bGFudGVk")


@pytest.fixture
def server(remote: Repository, tmp_path: Path) -> Iterator[GitServer]:
    remote.git("clone", "--quiet", "--bare", str(remote.path), str(tmp_path / "served/remote.git"))
    with serving(GitServer(tmp_path / "served", token=TOKEN)) as peer:
        yield peer


def source(
    server: GitServer,
    clone: Path,
    credentials: Credentials | None = None,
    *,
    name: str = "remote.git",
    timeout_s: float = 60,
) -> RemoteSource:
    return RemoteSource(
        server.url(name),
        clone=clone,
        credentials=credentials or Token(SecretStr(TOKEN)),
        timeout_s=timeout_s,
    )


def refusal(reader: RemoteSource) -> AspireGitopsError:
    with pytest.raises(AspireGitopsError) as caught:
        reader.read()
    return caught.value


def test_a_token_opens_the_remote(server: GitServer, clone: Path, remote: Repository) -> None:
    assert source(server, clone).read().revision.commit == remote.head


def test_a_public_remote_needs_no_token_and_gets_none(server: GitServer, clone: Path) -> None:
    server.token = None
    source(server, clone).read()
    RemoteSource(server.url(), clone=clone).read()
    assert server.seen == []


def test_a_token_s_file_is_read_anew_each_time(
    server: GitServer, clone: Path, tmp_path: Path, remote: Repository
) -> None:
    file = tmp_path / "token"
    file.write_text(f"{TOKEN}\n")
    reader = source(server, clone, TokenFile(file))
    reader.read()
    server.token = "renewed"
    assert isinstance(refusal(reader), SourceRefused)
    file.write_text("renewed")
    assert reader.read().revision.commit == remote.head


@pytest.mark.parametrize(
    ("content", "words"),
    [
        pytest.param(None, "No such file", id="missing"),
        pytest.param(b"", "must contain exactly one token", id="empty"),
        pytest.param(b"planted one\nplanted two", "must contain exactly one token", id="two words"),
        pytest.param(b"planted\xff", "not plain text", id="not text"),
    ],
)
def test_a_token_s_file_without_a_token_is_refused(
    server: GitServer, clone: Path, tmp_path: Path, content: bytes | None, words: str
) -> None:
    file = tmp_path / "token"
    if content is not None:
        file.write_bytes(content)
    error = refusal(source(server, clone, TokenFile(file)))
    assert isinstance(error, SourceRefused)
    assert words in str(error)
    assert "planted" not in str(error)


@pytest.mark.parametrize(
    ("fault", "kind", "words"),
    [
        pytest.param(401, SourceRefused, "refuses our credentials", id="auth lost"),
        pytest.param(403, SourceRefused, "refuses our credentials", id="no right"),
        pytest.param(404, SourceRefused, "repository does not exist", id="not found"),
        pytest.param(301, SourceRefused, "new address", id="moved"),
        pytest.param(429, SourceUnavailable, "429", id="too many"),
        pytest.param(500, SourceUnavailable, "500", id="broken"),
        pytest.param(503, SourceUnavailable, "503", id="in maintenance"),
        pytest.param("cut", SourceUnavailable, "", id="half a pack"),
    ],
)
def test_each_fault_has_its_answer_and_passes(
    server: GitServer, clone: Path, fault: int | str, kind: type[AspireGitopsError], words: str
) -> None:
    server.fault, server.location = fault, "http://127.0.0.1:1/elsewhere.git/info/refs"
    error = refusal(source(server, clone))
    assert (type(error), words in str(error)) == (kind, True), error
    assert "\n" not in str(error)
    assert not list(clone.glob("objects/pack/tmp_*"))
    server.fault = None
    assert len(source(server, clone).read().files) == 1


def test_a_wrong_token_is_refused(server: GitServer, clone: Path) -> None:
    error = refusal(source(server, clone, Token(SecretStr("wrong-planted"))))
    assert isinstance(error, SourceRefused)
    assert "refuses our credentials" in str(error)


def test_a_repository_that_is_not_there_is_refused(server: GitServer, clone: Path) -> None:
    assert isinstance(refusal(source(server, clone, name="other.git")), SourceRefused)


def test_nobody_listening_is_unavailable(server: GitServer, clone: Path) -> None:
    server.port = 1
    error = refusal(source(server, clone))
    assert isinstance(error, SourceUnavailable)
    assert "cannot be reached" in str(error)


def test_a_hanging_remote_is_left_with_all_of_git_s_children(
    server: GitServer, clone: Path
) -> None:
    server.fault = "hang"
    began = time.monotonic()
    error = refusal(source(server, clone, timeout_s=0.5))
    assert isinstance(error, SourceUnavailable)
    assert "did not end within 0.5 s" in str(error)
    assert time.monotonic() - began < 5
    while str(server.port) in _all_arguments():  # the kernel takes a moment
        assert time.monotonic() - began < 8
        time.sleep(0.02)


def test_a_certificate_is_verified(
    server: GitServer, clone: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GIT_SSL_CAINFO", raising=False)
    certificate = new_certificate(tmp_path / "certificate.pem")
    with serving(GitServer(server.root, token=TOKEN, certificate=certificate)) as https:
        error = refusal(source(https, clone))
        assert isinstance(error, SourceRefused)
        assert "certificate cannot be verified" in str(error)
        assert https.seen == []
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        assert source(https, clone).read().files


@pytest.mark.parametrize(
    ("host", "given"),
    [("git.example.com", True), ("git.example.com:8443", False), ("evil.example.com", False)],
)
def test_git_gets_the_token_for_its_origin_only(host: str, *, given: bool) -> None:
    address = parse_address("https://git.example.com/aspire/gateway.git")
    done = run(
        ("git", "credential", "fill"),
        environment=variables(access(address, Token(SecretStr(TOKEN)), timeout_s=5)),
        timeout_s=5,
        given=f"protocol=https\nhost={host}\n\n".encode(),
    )
    assert (f"password={TOKEN}" in done.text) is given


def test_a_redirect_never_takes_the_token_along(
    server: GitServer, clone: Path, tmp_path: Path
) -> None:
    with serving(GitServer(tmp_path / "served", token="other")) as elsewhere:
        server.fault, server.location = 302, f"{elsewhere.url()}/info/refs?service=git-upload-pack"
        refusal(source(server, clone))
        assert elsewhere.seen == []


@pytest.mark.parametrize("fault", [None, 401, 403, 404, 500, 301, "cut"])
def test_the_token_is_in_no_file_and_no_message(
    server: GitServer, clone: Path, fault: int | str | None
) -> None:
    server.fault, server.location = fault, f"http://x:{TOKEN}@127.0.0.1:1/"
    reader = source(server, clone)
    shown = [repr(reader), str(reader.credentials)]
    if fault is None:
        reader.read()
    else:
        shown.append(str(refusal(reader)))
    written = [path.read_bytes() for path in clone.parent.rglob("*") if path.is_file()]
    shown += [content.decode("latin-1") for content in written]
    assert [text for text in shown if any(spelling in text for spelling in SPELLINGS)] == []


def test_the_token_is_in_no_argument(server: GitServer, clone: Path) -> None:
    server.fault = "hang"  # so that git is there to be looked at
    reading = threading.Thread(target=refusal, args=(source(server, clone, timeout_s=2),))
    reading.start()
    try:
        seen = ""
        while str(server.port) not in seen and reading.is_alive():
            seen = _all_arguments()
    finally:
        server.released.set()
        reading.join()
    assert f"127.0.0.1:{server.port}" in seen
    assert not any(spelling in seen for spelling in SPELLINGS)


def test_a_remote_that_repeats_the_token_is_not_repeated(server: GitServer, clone: Path) -> None:
    server.fault = "repeat"
    assert "your token *** is wrong" in str(refusal(source(server, clone)))


def _all_arguments() -> str:
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found.append(path.read_bytes().replace(b"\0", b" ").decode("utf-8", "replace"))
        except OSError:
            continue
    return "\n".join(line for line in found if "git" in line and "pytest" not in line)
