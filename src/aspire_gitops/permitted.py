"""Which paths and variables of the controller's host a reviewed file may name. Pure.

`validation` tells people, and every reader of a secret and writer of a key asks here
again: a plan may come from a file that was never validated. Each function
returns why not, None where there is nothing to say.
"""

import re

DEFAULT_DELIVERY_ROOT = "/var/lib/aspire-gitops/keys"

_STATE = "/var/lib/aspire-gitops"
DELIVERY_BASES = ("/data", "/opt", "/run", "/srv", "/var/lib")
"""A Delivery's file is below one of these, in a folder of its own."""

# Below the bases, what belongs to the system, to containers, or to keepers of secrets.
_TAKEN = {
    "/run": "containerd credentials cryptsetup dbus docker initctl lock log mount netns podman "
    "secrets shm sshd sudo systemd tmpfiles.d udev user utmp",
    "/var/lib": "apt cloud containerd containers dbus docker dpkg etcd kubelet letsencrypt "
    "mysql pam polkit-1 postgresql private redis rpm sudo systemd vault",
}
_VIRTUAL = ("/proc", "/sys", "/dev")

_OWN_VARIABLES = re.compile(
    r"(ASPIRE|BASH|CI|COMPOSE|CONDA|CURL|DBUS|DOCKER|DYLD|GIT|GITHUB|GITLAB|GPG|GUNICORN|JAVA"
    r"|KUBERNETES|LC|LD|LITELLM|MALLOC|NODE|NPM|OPENSSL|OTEL|PIP|POSTGRES|PRISMA|REDIS|REQUESTS"
    r"|SSH|SSL|SUDO|SYSTEMD|UV|UVICORN|VIRTUAL|XDG)_.*"
    r"|PYTHON.*|PG[A-Z]+|DATABASE_URL|DIRECT_URL|EDITOR|ENV|HOME|HOSTNAME|IFS|LANG|LANGUAGE"
    r"|LOGNAME|MAIL|MASTER_KEY|NO_COLOR|OLDPWD|PATH|PS1|PWD|SALT_KEY|SHELL|SHLVL|TERM|TMP|TEMP"
    r"|TMPDIR|TZ|UI_PASSWORD|UI_USERNAME|USER|USERNAME|_|(HTTP|HTTPS|ALL|NO|FTP)_PROXY"
)
_NO_SECRET = re.compile(r".*_(DIR|DSN|FILE|HOME|HOST|PATH|PORT|URI|URL)")


def written_plainly(path: str) -> bool:
    """Say whether a path is absolute and has one spelling: no `//`, `.`, `..`, or slash at the end."""
    return path.startswith("/") and all(part not in {"", ".", ".."} for part in path[1:].split("/"))


def why_not_deliver(path: str) -> str | None:
    """Return why no key is delivered to an absolute path that a Delivery names."""
    if why := _why_not_plain(path):
        return why
    base = next((base for base in DELIVERY_BASES if path.startswith(f"{base}/")), None)
    if base is None:
        return f"is not below {', '.join(DELIVERY_BASES)}"
    folder, *rest = path.removeprefix(f"{base}/").split("/")
    if not rest:
        return f"is right in {base}; name a folder of the app's own"
    if folder in _TAKEN.get(base, "").split():
        return f"is in {base}/{folder}, which is not an app's"
    is_ours = path.startswith(f"{_STATE}/") and not path.startswith(f"{DEFAULT_DELIVERY_ROOT}/")
    return "is among the controller's own files" if is_ours else None


def _why_not_plain(path: str) -> str | None:
    if not written_plainly(path):
        return "is not written plainly: no `//`, `.` or `..`, and no slash at the end"
    if any(part.startswith(".") for part in path.split("/")):
        return "has a part that begins with a dot, where programs keep what is theirs"
    return None


def why_not_read(path: str) -> str | None:
    """Return why a provider's credential is never read from a path."""
    if why := _why_not_plain(path):
        return why
    if is_virtual(path):
        return "is not a file: it shows what processes and the kernel hold"
    if path.startswith((f"{_STATE}/", "/boot/")):
        return "is among the controller's own files"
    return None


def is_virtual(path: str) -> bool:
    """Say whether a plainly written path leads to the kernel rather than to a file."""
    return path.startswith(tuple(f"{base}/" for base in _VIRTUAL)) or path in _VIRTUAL


def why_not_variable(name: str) -> str | None:
    """Return why a provider's credential is never taken from a variable of this name."""
    if _OWN_VARIABLES.fullmatch(name):
        return "is a variable of the controller, of the gateway, or of every process"
    if _NO_SECRET.fullmatch(name):
        return "names a place rather than a secret"
    return None
