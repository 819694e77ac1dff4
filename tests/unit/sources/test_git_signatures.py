"""Only a commit that an allowed key signed is read: real ssh keys, real gpg keys."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from aspire_gitops.sources.git import RemoteSource, Signers
from aspire_gitops.sources.git.clone import Clone
from aspire_gitops.sources.git.signatures import Allowed
from aspire_gitops.vocabulary import SourceRefused, UsageError
from support.git_repository import Repository
from support.git_signing import Keyring, keyring, sign_by_ssh
from support.git_ssh import new_key, public

pytestmark = pytest.mark.slow  # other programs at work, one after the other


@pytest.fixture
def key(tmp_path: Path) -> Path:
    return new_key(tmp_path / "keys" / "zac")


@pytest.fixture
def allowed(tmp_path: Path, key: Path) -> Path:
    return allow(tmp_path / "allowed_signers", key)


@pytest.fixture
def signed(remote: Repository, key: Path) -> Repository:
    sign_by_ssh(remote, key)
    remote.commit("Signed")
    return remote


@pytest.fixture(scope="module")
def ring() -> Iterator[Keyring]:
    with keyring() as ours:
        for name in ("zac", "eve", "old", "lost"):
            ours.new_key(f"{name}@example.com")
        yield ours


@pytest.fixture(autouse=True)
def nothing_is_left_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setenv("TMPDIR", str(scratch))
    monkeypatch.setattr("tempfile.tempdir", None)
    yield
    monkeypatch.setattr("tempfile.tempdir", None)
    assert list(scratch.iterdir()) == []


def allow(path: Path, *keys: Path, options: str = "") -> Path:
    path.write_text("".join(f"zac@example.com {options}{public(key)}\n" for key in keys))
    return path


def source(remote: Repository, clone: Path, signers: Signers) -> RemoteSource:
    return RemoteSource(str(remote.path), clone=clone, signers=signers)


def test_a_commit_by_an_allowed_ssh_key_is_read(
    remote: Repository, clone: Path, key: Path, allowed: Path
) -> None:
    sign_by_ssh(remote, key)
    head = remote.commit("Signed")
    assert source(remote, clone, Signers(ssh=allowed)).read().revision.commit == head


def test_an_unsigned_commit_is_refused(remote: Repository, clone: Path, allowed: Path) -> None:
    with pytest.raises(SourceRefused, match=rf"commit {remote.head} is not signed; sign it"):
        source(remote, clone, Signers(ssh=allowed)).read()


def test_a_commit_by_another_ssh_key_is_refused(
    remote: Repository, clone: Path, allowed: Path, tmp_path: Path
) -> None:
    sign_by_ssh(remote, new_key(tmp_path / "keys" / "eve"))
    remote.commit("Signed by somebody")
    with pytest.raises(SourceRefused, match=r"a key that is not allowed \(SHA256:\S+\); have an"):
        source(remote, clone, Signers(ssh=allowed)).read()


def test_only_signatures_for_git_count(
    remote: Repository, clone: Path, key: Path, tmp_path: Path
) -> None:
    sign_by_ssh(remote, key)
    remote.commit("Signed")
    elsewhere = allow(tmp_path / "file_signers", key, options='namespaces="file" ')
    with pytest.raises(SourceRefused, match="is signed by a key that is not allowed"):
        source(remote, clone, Signers(ssh=elsewhere)).read()


def _altered(remote: Repository, old: str, new: str) -> None:
    whole = remote.git("cat-file", "commit", "HEAD")
    assert old in whole
    forged = remote.git(
        "hash-object", "-t", "commit", "-w", "--stdin",
        given=(whole.replace(old, new) + "\n").encode(),
    )  # fmt: skip
    remote.git("update-ref", "refs/heads/main", forged)


def test_a_commit_that_was_altered_after_signing_is_refused(
    remote: Repository, clone: Path, key: Path, allowed: Path
) -> None:
    sign_by_ssh(remote, key)
    remote.commit("Give 10")
    _altered(remote, "Give 10", "Give 10000")
    with pytest.raises(SourceRefused, match="has a bad signature"):
        source(remote, clone, Signers(ssh=allowed)).read()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param("U1NIU0lH", "AAAAAAAA", id="no signature in it"),
        pytest.param("-----END SSH SIGNATURE-----", "-----END", id="no end"),
        pytest.param("BEGIN SSH SIGNATURE", "BEGIN SSH SIGN", id="of no kind"),
    ],
)
def test_a_signature_of_rubbish_is_refused(
    signed: Repository, clone: Path, allowed: Path, old: str, new: str
) -> None:
    _altered(signed, old, new)
    with pytest.raises(SourceRefused, match="has a bad signature; sign it again"):
        source(signed, clone, Signers(ssh=allowed)).read()


def test_a_signed_commit_below_does_not_help_an_unsigned_one(
    remote: Repository, clone: Path, key: Path, allowed: Path
) -> None:
    sign_by_ssh(remote, key)
    good = remote.commit("Signed")
    remote.git("config", "commit.gpgSign", "false")
    remote.commit("Unsigned on top")
    reader = source(remote, clone, Signers(ssh=allowed))
    with pytest.raises(SourceRefused, match="is not signed"):
        reader.read()
    assert reader.read_at(good).revision.commit == good


def test_an_older_commit_is_verified_too(remote: Repository, clone: Path, allowed: Path) -> None:
    with pytest.raises(SourceRefused, match="is not signed"):
        source(remote, clone, Signers(ssh=allowed)).read_at(remote.head)


def test_a_key_that_is_taken_off_the_list_counts_no_more_at_once(
    remote: Repository, clone: Path, key: Path, allowed: Path, tmp_path: Path
) -> None:
    sign_by_ssh(remote, key)
    head = remote.commit("Signed")
    reader = source(remote, clone, Signers(ssh=allowed))
    reader.read()
    allow(allowed, new_key(tmp_path / "keys" / "kim"))
    for read in (reader.read, lambda: reader.read_at(head)):
        with pytest.raises(SourceRefused, match="a key that is not allowed"):
            read()


@pytest.mark.parametrize("content", [None, "", "\n"], ids=["missing", "empty", "blank"])
def test_a_file_without_keys_lets_nobody_in(
    remote: Repository, clone: Path, key: Path, tmp_path: Path, content: str | None
) -> None:
    sign_by_ssh(remote, key)
    remote.commit("Signed")
    if content is not None:
        (tmp_path / "keys.txt").write_text(content)
    for signers in (Signers(ssh=tmp_path / "keys.txt"), Signers(gpg=tmp_path / "keys.txt")):
        with pytest.raises(SourceRefused, match="keys"):
            source(remote, clone, signers).read()


def test_what_is_verified_is_what_is_read(
    signed: Repository, clone: Path, allowed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even if the branch, and every reference of the clone, moves in between."""
    good = signed.head
    check = Allowed.check

    def check_then_move(self: Allowed, kept: Clone, commit: str) -> None:
        check(self, kept, commit)
        signed.git("config", "commit.gpgSign", "false")
        evil = signed.commit("Unsigned", gateway="evil")
        there = Repository(clone)
        there.git("fetch", "--quiet", "--update-shallow", str(signed.path), "main")
        there.git("update-ref", "refs/aspire-gitops/newest", evil)

    monkeypatch.setattr(Allowed, "check", check_then_move)
    tree = source(signed, clone, Signers(ssh=allowed)).read()
    assert tree.revision.commit == good
    assert b"evil" not in tree.files[0].content


def test_signers_without_a_file_are_a_mistake() -> None:
    with pytest.raises(UsageError, match="no file of allowed keys is set"):
        Signers()


def test_a_commit_by_an_allowed_gpg_key_is_read(
    remote: Repository, clone: Path, ring: Keyring, tmp_path: Path
) -> None:
    ring.sign(remote, "zac@example.com")
    head = remote.commit("Signed")
    keys = ring.export(tmp_path / "keys.asc", "zac@example.com", "old@example.com")
    reader = source(remote, clone, Signers(gpg=keys))
    agents = _agents()
    assert reader.read().revision.commit == head
    assert _agents() == agents


def test_a_commit_by_another_gpg_key_is_refused(
    remote: Repository, clone: Path, ring: Keyring, tmp_path: Path
) -> None:
    ring.sign(remote, "eve@example.com")
    remote.commit("Signed by somebody")
    keys = ring.export(tmp_path / "keys.asc", "zac@example.com")
    with pytest.raises(SourceRefused, match=r"a key that is not allowed \([0-9A-F]{16,}\)"):
        source(remote, clone, Signers(gpg=keys)).read()


def test_the_user_s_own_keyring_does_not_count(
    remote: Repository,
    clone: Path,
    ring: Keyring,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ring.sign(remote, "eve@example.com")
    remote.commit("Signed by somebody we know")
    monkeypatch.setenv("GNUPGHOME", str(ring.home))
    keys = ring.export(tmp_path / "keys.asc", "zac@example.com")
    with pytest.raises(SourceRefused, match="a key that is not allowed"):
        source(remote, clone, Signers(gpg=keys)).read()


def test_a_gpg_commit_that_was_altered_is_refused(
    remote: Repository, clone: Path, ring: Keyring, tmp_path: Path
) -> None:
    ring.sign(remote, "zac@example.com")
    remote.commit("Give 10")
    _altered(remote, "Give 10", "Give 10000")
    keys = ring.export(tmp_path / "keys.asc", "zac@example.com")
    with pytest.raises(SourceRefused, match="has a bad signature"):
        source(remote, clone, Signers(gpg=keys)).read()


def test_a_key_that_expired_is_refused(
    remote: Repository, clone: Path, ring: Keyring, tmp_path: Path
) -> None:
    ring.sign(remote, "old@example.com")
    remote.commit("Signed in time")
    ring.gpg("--faked-system-time", "20200101T000000!", "--quick-generate-key",
             "past@example.com", "ed25519", "sign", "1d")  # fmt: skip
    program = ring.home / "sign"
    program.write_text(
        program.read_text().replace("--batch", "--batch --faked-system-time 20200101T010000")
    )
    remote.git("config", "user.signingKey", "past@example.com")
    remote.commit("Signed with a key of the past")
    keys = ring.export(tmp_path / "keys.asc", "past@example.com")
    with pytest.raises(SourceRefused, match="expired; renew"):
        source(remote, clone, Signers(gpg=keys)).read()


def test_a_key_that_was_revoked_is_refused(
    remote: Repository, clone: Path, ring: Keyring, tmp_path: Path
) -> None:
    ring.sign(remote, "lost@example.com")
    remote.commit("Signed before it was lost")
    (revocation,) = (
        path
        for path in (ring.home / "openpgp-revocs.d").iterdir()
        if path.stem in ring.gpg("--list-keys", "--with-colons", "lost@example.com")
    )
    text = revocation.read_text().replace(":-----BEGIN", "-----BEGIN")
    ring.gpg("--import", given=text)
    keys = ring.export(tmp_path / "keys.asc", "lost@example.com")
    with pytest.raises(SourceRefused, match="revoked; sign it with another key"):
        source(remote, clone, Signers(gpg=keys)).read()


def test_both_kinds_of_keys_at_once(
    remote: Repository, clone: Path, ring: Keyring, key: Path, tmp_path: Path
) -> None:
    allowed = allow(tmp_path / "allowed_signers", key)
    keys = ring.export(tmp_path / "keys.asc", "zac@example.com")
    reader = source(remote, clone, Signers(ssh=allowed, gpg=keys))
    sign_by_ssh(remote, key)
    first = remote.commit("By ssh")
    assert reader.read().revision.commit == first
    ring.sign(remote, "zac@example.com")
    second = remote.commit("By gpg")
    assert reader.read().revision.commit == second


def test_a_gpg_signature_does_not_pass_where_only_ssh_keys_may_sign(
    remote: Repository, clone: Path, ring: Keyring, allowed: Path
) -> None:
    ring.sign(remote, "zac@example.com")
    remote.commit("By gpg")
    with pytest.raises(SourceRefused, match="a key that is not allowed"):
        source(remote, clone, Signers(ssh=allowed)).read()


def test_an_ssh_signature_does_not_pass_where_only_gpg_keys_may_sign(
    remote: Repository, clone: Path, ring: Keyring, key: Path, tmp_path: Path
) -> None:
    sign_by_ssh(remote, key)
    remote.commit("By ssh")
    keys = ring.export(tmp_path / "keys.asc", "zac@example.com")
    with pytest.raises(SourceRefused, match="a key that is not allowed"):
        source(remote, clone, Signers(gpg=keys)).read()


def test_a_replaced_commit_is_not_what_its_name_says(
    remote: Repository, clone: Path, key: Path, allowed: Path
) -> None:
    reader = source(remote, clone, Signers(ssh=allowed))
    sign_by_ssh(remote, key)
    good = remote.commit("Signed", gateway="good")
    reader.read()
    remote.git("config", "commit.gpgSign", "false")
    evil = remote.commit("Unsigned", gateway="evil")
    Repository(clone).git("fetch", "--quiet", str(remote.path), "main")
    Repository(clone).git("replace", good, evil)
    remote.git("update-ref", "refs/heads/main", good)
    assert [file.content for file in source(remote, clone, Signers(ssh=allowed)).read().files] == [
        b"good"
    ]


def _agents() -> set[str]:
    found = set()
    for path in Path("/proc").glob("[0-9]*/comm"):
        try:
            if path.read_text().strip() in ("gpg-agent", "keyboxd", "dirmngr"):
                found.add(path.parent.name)
        except OSError:
            continue
    return found


def test_the_variables_of_this_process_stay_as_they_are(
    remote: Repository, clone: Path, allowed: Path
) -> None:
    before = dict(os.environ)
    with pytest.raises(SourceRefused):
        source(remote, clone, Signers(ssh=allowed)).read()
    assert dict(os.environ) == before
