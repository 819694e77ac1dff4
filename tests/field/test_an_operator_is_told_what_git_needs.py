"""What only an operator can fix about git is never called waiting, and says what to do."""

import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from pydantic import SecretStr

from aspire_gitops.sources.git import RemoteSource, SshKey, Token
from aspire_gitops.sources.git.exchange import source_error
from aspire_gitops.sources.git.program import Finished, complaint
from aspire_gitops.vocabulary import AspireGitopsError, SourceRefused, SourceUnavailable
from support.certificates import new_certificate
from support.git_http import GitServer, serving
from support.git_repository import Repository, new_repository
from support.git_ssh import SshServer, new_key, ssh_server

pytestmark = pytest.mark.slow  # other programs at work, one after the other

TOKEN = "planted-token-of-the-test"


@pytest.fixture
def remote(tmp_path: Path) -> Repository:
    return new_repository(tmp_path / "remote")


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    return tmp_path / "state" / "clone"


@pytest.fixture
def key(tmp_path: Path) -> Path:
    return new_key(tmp_path / "keys" / "id")


@pytest.fixture
def server(tmp_path: Path, key: Path) -> Iterator[SshServer]:
    with ssh_server(tmp_path / "server", lets_in=key) as running:
        yield running


def refusal(source: RemoteSource) -> AspireGitopsError:
    with pytest.raises(AspireGitopsError) as caught:
        source.read()
    assert type(caught.value) is SourceRefused, caught.value
    assert TOKEN not in f"{caught.value!r} {caught.value}"
    return caught.value


# ── the ssh key ──────────────────────────────────────────────────────────────


def with_windows_line_ends(key: Path) -> None:
    key.write_bytes(key.read_bytes().replace(b"\n", b"\r\n"))


def without_last_newline(key: Path) -> None:
    key.write_bytes(key.read_bytes().rstrip())


def with_a_passphrase(key: Path) -> None:
    command = ["ssh-keygen", "-q", "-p", "-P", "", "-N", "planted", "-f", str(key)]
    subprocess.run(command, check=True, capture_output=True)


def with_a_passphrase_in_pem(key: Path) -> None:
    command = ["ssh-keygen", "-q", "-p", "-m", "PEM", "-P", "", "-N", "planted", "-f", str(key)]
    key.unlink()
    subprocess.run(
        ["ssh-keygen", "-q", "-t", "rsa", "-m", "PEM", "-N", "", "-f", str(key)],
        check=True,
        input=b"y\n",
    )
    subprocess.run(command, check=True, capture_output=True)


def the_public_half(key: Path) -> None:
    shutil.copy(key.with_suffix(".pub"), key)


def on_one_line(key: Path) -> None:
    key.write_bytes(key.read_bytes().replace(b"\n", b" "))


def cut_off(key: Path) -> None:
    key.write_bytes(key.read_bytes()[:200])


def emptied(key: Path) -> None:
    key.write_bytes(b"\n")


def escaped(key: Path) -> None:
    key.write_bytes(key.read_bytes().replace(b"\n", b"\\n"))


def with_a_byte_order_mark(key: Path) -> None:
    key.write_bytes(b"\xef\xbb\xbf" + key.read_bytes())


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        pytest.param(with_windows_line_ends, "line ends of Windows; .*dos2unix", id="CRLF"),
        pytest.param(without_last_newline, "lacks the newline at its end; add", id="no newline"),
        pytest.param(with_a_passphrase, "has a passphrase.*ssh-keygen -p", id="passphrase"),
        pytest.param(with_a_passphrase_in_pem, "has a passphrase", id="passphrase, PEM"),
        pytest.param(the_public_half, "is a public key; give the private", id="public"),
        pytest.param(on_one_line, "no line breaks", id="one line"),
        pytest.param(cut_off, "does not end with the line", id="cut off"),
        pytest.param(emptied, "is empty", id="empty"),
        pytest.param(escaped, "no line breaks", id="escaped line breaks"),
        pytest.param(with_a_byte_order_mark, "does not begin with the line", id="BOM"),
    ],
)
def test_a_key_file_that_ssh_cannot_use_says_what_is_wrong_with_it(
    server: SshServer,
    remote: Repository,
    clone: Path,
    key: Path,
    *,
    spoil: Callable[[Path], None],
    says: str,
) -> None:
    private = key.read_text().splitlines()[2]
    spoil(key)
    key.chmod(0o600)
    ssh = SshKey(key, server.known_hosts)
    error = refusal(RemoteSource(server.url(remote.path), clone=clone, credentials=ssh))
    with pytest.raises(SourceRefused, match=says):
        raise error
    assert "read access" not in str(error)
    assert private not in str(error)


def test_a_pem_key_that_openssl_reads_is_not_refused_for_its_looks(
    tmp_path: Path, remote: Repository, clone: Path
) -> None:
    key = tmp_path / "pem"
    command = ["ssh-keygen", "-q", "-t", "rsa", "-m", "PEM", "-N", "", "-f", str(key)]
    subprocess.run(command, check=True)
    key.write_bytes(key.read_bytes().replace(b"\n", b"\r\n").rstrip())
    with ssh_server(tmp_path / "server", lets_in=key) as server:
        ssh = SshKey(key, server.known_hosts)
        source = RemoteSource(server.url(remote.path), clone=clone, credentials=ssh)
        assert source.read().revision.commit == remote.head


# ── a uid without a name ─────────────────────────────────────────────────────


def test_a_uid_that_has_no_name_is_said(
    server: SshServer, remote: Repository, clone: Path, key: Path
) -> None:
    as_nobody = ["unshare", "--user", "--map-user=54321"]
    if subprocess.run([*as_nobody, "true"], check=False, capture_output=True).returncode:
        pytest.skip("no user namespaces here")
    program = (
        "import sys; from pathlib import Path\n"
        "from aspire_gitops.sources.git import RemoteSource, SshKey\n"
        "url, clone, key, hosts = sys.argv[1:]\n"
        "ssh = SshKey(Path(key), Path(hosts))\n"
        "try: RemoteSource(url, clone=Path(clone), credentials=ssh).read()\n"
        "except Exception as error: print(type(error).__name__, error)"
    )
    words = [server.url(remote.path), str(clone), str(key), str(server.known_hosts)]
    done = subprocess.run(
        [*as_nobody, sys.executable, "-c", program, *words],
        check=True,
        capture_output=True,
        text=True,
    )
    assert done.stdout.startswith("SourceRefused")
    assert "has no name" in done.stdout
    assert "/etc/passwd" in done.stdout


# ── what a forge says ────────────────────────────────────────────────────────

_SSO = (
    "The `acme' organization has enabled or enforced SAML SSO. To access\n"
    "this repository, you must re-authorize the OAuth Application `deploy'."
)
_FRAMED = (
    "\n========================================================================\n\n"
    "Your account has been blocked.\n\n"
    "========================================================================\n"
)


@pytest.mark.parametrize(
    ("status", "says", "reason", "help_"),
    [
        pytest.param(403, "Your account is suspended.", "account is suspended", "forge", id="suspended"),
        pytest.param(403, _SSO, "enforced SAML SSO", "single sign-on", id="SSO"),
        pytest.param(403, _FRAMED, r"Your account has been blocked\.", "forge", id="blank first"),
        pytest.param(403, "\nWrite access is off.", "Write access is off", "read access", id="unknown"),
        pytest.param(404, "\n\nMoved to the attic.", "Moved to the attic", "address", id="404"),
        pytest.param(402, "Pay first.", "Pay first", "refuses the request|credentials", id="402"),
        pytest.param(451, "\nUnavailable: DMCA takedown", "DMCA takedown", "forge", id="451"),
        pytest.param(410, "", "410", "refuses the request|address", id="410"),
    ],
)  # fmt: skip
def test_a_forge_that_refuses_is_quoted_and_nobody_waits(
    tmp_path: Path,
    remote: Repository,
    clone: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    status: int,
    says: str,
    reason: str,
    help_: str,
) -> None:
    certificate = new_certificate(tmp_path / "certificate.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    monkeypatch.delenv("GIT_SSL_CAINFO", raising=False)
    remote.git("clone", "--quiet", "--bare", str(remote.path), str(tmp_path / "served/remote.git"))
    forge = GitServer(tmp_path / "served", fault=status, says=says, certificate=certificate)
    with serving(forge) as peer:
        source = RemoteSource(peer.url(), clone=clone, credentials=Token(SecretStr(TOKEN)))
        error = refusal(source)
        with pytest.raises(SourceRefused, match=f"(?s){reason}.*({help_})"):
            raise error
        peer.fault = None
        assert source.read().revision.commit == remote.head


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_a_forge_that_is_away_passes(
    tmp_path: Path, remote: Repository, clone: Path, status: int
) -> None:
    assert remote
    with serving(GitServer(tmp_path, fault=status, says="\nWe are back soon.")) as peer:
        with pytest.raises(SourceUnavailable, match="back soon") as caught:
            RemoteSource(peer.url(), clone=clone).read()
        assert caught.value.passes


def test_what_a_forge_says_over_ssh_is_not_lost_behind_blank_lines(
    tmp_path: Path, remote: Repository, clone: Path, key: Path
) -> None:
    script = tmp_path / "refuse"
    script.write_text(
        "#!/bin/sh\nprintf 'remote: \\nremote: ======\\nremote: \\n"
        "remote: Your account has been deactivated.\\nremote: \\n' >&2\nexit 1\n"
    )
    script.chmod(0o755)
    with ssh_server(tmp_path / "server", lets_in=key, forced=str(script)) as server:
        ssh = SshKey(key, server.known_hosts)
        error = refusal(RemoteSource(server.url(remote.path), clone=clone, credentials=ssh))
    assert "Your account has been deactivated." in error.message


# ── the proxy, and the authorities ───────────────────────────────────────────


class Proxy(BaseHTTPRequestHandler):
    status = 407

    def do_CONNECT(self) -> None:
        self.send_response(self.status)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (its name there)
        pass


@pytest.mark.parametrize(("status", "refused"), [(407, True), (403, True), (502, False)])
def test_a_proxy_that_says_no_is_an_operators_matter(
    clone: Path, monkeypatch: pytest.MonkeyPatch, status: int, *, refused: bool
) -> None:
    class Ours(Proxy):
        pass

    Ours.status = status
    http = ThreadingHTTPServer(("127.0.0.1", 0), Ours)
    thread = threading.Thread(target=http.serve_forever, args=(0.02,))
    thread.start()
    monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{http.server_address[1]}")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    try:
        source = RemoteSource("https://git.example.com/x.git", clone=clone)
        if refused:
            assert "the proxy does not let us through" in refusal(source).message
        else:
            with pytest.raises(SourceUnavailable) as caught:
                source.read()
            assert caught.value.passes
    finally:
        http.shutdown()
        http.server_close()
        thread.join()


@pytest.mark.parametrize("name", ["SSL_CERT_FILE", "GIT_SSL_CAINFO"])
def test_a_missing_file_of_authorities_is_named(
    tmp_path: Path, clone: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.delenv("GIT_SSL_CAINFO", raising=False)
    monkeypatch.setenv(name, str(tmp_path / "nowhere.pem"))
    certificate = new_certificate(tmp_path / "certificate.pem")
    with serving(GitServer(tmp_path, certificate=certificate)) as peer:
        error = refusal(RemoteSource(peer.url(), clone=clone))
    assert "file of authorities cannot be read" in error.message
    assert f"fix {name} ({tmp_path}/nowhere.pem), or unset it" in str(error)


# ── words that no server here can be made to say ─────────────────────────────

_REFUSED = (
    "No user exists for uid 10001\nfatal: Could not read from remote repository.",
    ("ERROR: The `acme' organization has enabled or enforced SAML SSO. To access this repository,"
    " you must use the HTTPS remote with a personal access token.\nfatal: Could not read from"
    " remote repository."),
    ("ERROR: Your account is suspended. Please visit https://support.example.com.\nfatal: Could"
    " not read from remote repository."),
    ("remote: \nremote: ERROR: Your SSH key has expired.\nremote: \nfatal: Could not read from"
    " remote repository."),
    ("ERROR: The 'acme' organization has an IP allow list enabled, and your IP address is not"
    " permitted to access this repository.\nfatal: Could not read from remote repository."),
    "fatal: unable to access 'https://x/y/': Received HTTP code 407 from proxy after CONNECT",
    "fatal: unable to access 'https://x/y/': CONNECT tunnel failed, response 403",
    "fatal: unable to access 'https://x/y/': Could not resolve proxy: proxy.example.com",
    ("fatal: unable to access 'https://x/y/': error setting certificate verify locations:"
    "  CAfile: /x CApath: none"),
    "fatal: unable to access 'https://x/y/': error adding trust anchors from file: /x",
    "fatal: unable to access 'https://x/y/': SSL certificate problem: certificate has expired",
    "error: cannot run ssh: No such file or directory\nfatal: unable to fork",
    "git: 'remote-https' is not a git command. See 'git --help'.",
    ("Unable to negotiate with 10.0.0.1 port 22: no matching host key type found. Their offer:"
    " ssh-rsa\nfatal: Could not read from remote repository."),
    ("error: RPC failed; HTTP 403 curl 22 The requested URL returned error: 403\nfatal: the"
    " remote end hung up unexpectedly"),
    "fatal: could not read Username for 'https://x': terminal prompts disabled",
)  # fmt: skip
_PASSES = (
    "fatal: unable to access 'https://x/sso-suspended.git/': Could not resolve host: x",
    "fatal: unable to access 'https://x/malformed-403/': Failed to connect to x port 443",
    ("ssh: connect to host x port 22: Connection timed out\nfatal: Could not read from remote"
    " repository."),
    ("kex_exchange_identification: Connection closed by remote host\nfatal: Could not read from"
    " remote repository."),
    ("remote: GitLab: Failed to authorize your Git request: internal API unreachable\nfatal:"
    " unable to access 'https://x/': The requested URL returned error: 403"),
    "fatal: early EOF\nfatal: fetch-pack: invalid index-pack output",
    "error: RPC failed; curl 56 Recv failure: Connection reset by peer",
    "fatal: unable to access 'https://x/': The requested URL returned error: 503",
)  # fmt: skip


@pytest.mark.parametrize("said", _REFUSED)
def test_words_that_ask_for_an_operator(said: str) -> None:
    error = source_error("x", Finished(128, b"", complaint(said), said))
    assert isinstance(error, SourceRefused), error
    assert "Could not read from remote repository" not in error.message


@pytest.mark.parametrize("said", _PASSES)
def test_words_that_ask_for_patience(said: str) -> None:
    error = source_error("x", Finished(128, b"", complaint(said), said))
    assert isinstance(error, SourceUnavailable), error
    assert error.passes


def test_words_that_nobody_knows_are_no_reason_to_wait_for_ever() -> None:
    said = "fatal: the moon is in the wrong house"
    error = source_error("x", Finished(128, b"", complaint(said), said))
    assert isinstance(error, SourceUnavailable)
    assert not error.passes


def test_prompts_disabled_is_not_an_account_disabled() -> None:
    said = "fatal: could not read Username for 'https://x': terminal prompts disabled"
    error = source_error("x", Finished(128, b"", complaint(said), said))
    assert "refuses our credentials" in error.message
