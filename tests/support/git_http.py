"""A git server on loopback: git's own http-backend behind basic auth, and the faults of a bad day."""

import base64
import contextlib
import os
import ssl
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

_BACKEND = "http-backend"


@dataclass
class GitServer:
    """What the server serves, whom it lets in, and what is wrong with it today.

    `fault` is a status to answer with (and `says` its text), "hang", "cut" (half a pack) or "repeat" (the
    token, in a message); `seen` are the Authorization headers that came, `asked`
    counts the requests.
    """

    root: Path
    token: str | None = None
    username: str = "x-access-token"
    fault: int | str | None = None
    says: str = ""
    location: str = ""
    seen: list[str] = field(default_factory=list)
    asked: int = 0
    port: int = 0
    released: threading.Event = field(default_factory=threading.Event)

    certificate: Path | None = None  # with its key: then the server speaks https

    def url(self, name: str = "remote.git") -> str:
        scheme = "https" if self.certificate else "http"
        return f"{scheme}://127.0.0.1:{self.port}/{name}"

    def lets_in(self, authorization: str | None) -> bool:
        if self.token is None:
            return True
        basic = base64.b64encode(f"{self.username}:{self.token}".encode()).decode()
        return authorization == f"Basic {basic}"


@contextlib.contextmanager
def serving(server: GitServer) -> Iterator[GitServer]:
    class Handler(_Handler):
        peer = server

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if server.certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(server.certificate)
        http.socket = context.wrap_socket(http.socket, server_side=True)
    server.port = http.server_address[1]
    thread = threading.Thread(target=http.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield server
    finally:
        server.released.set()
        http.shutdown()
        http.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    peer: GitServer
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # one packet for head and body; two would wait 40 ms for each other

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (its name there)
        pass

    def _serve(self) -> None:
        self.peer.asked += 1
        body = self._body()
        authorization = self.headers.get("Authorization")
        if authorization:
            self.peer.seen.append(authorization)
        match self.peer.fault:
            case int() as status:
                kind = "text/plain; charset=utf-8" if self.peer.says else ""
                said = self.peer.says.encode()
                self._answer(status, said, Location=self.peer.location, Content_Type=kind)
            case "hang":
                self.peer.released.wait()
                self.close_connection = True
            case _ if not self.peer.lets_in(authorization):
                self._answer(401, b"", WWW_Authenticate='Basic realm="git"')
            case "repeat":
                self._repeat(authorization or "")
            case _:
                self._backend(body)

    def _repeat(self, authorization: str) -> None:
        token = base64.b64decode(authorization.partition(" ")[2]).partition(b":")[2]
        complaint = b"ERR your token %s is wrong\nplease" % token
        body = b"001e# service=git-upload-pack\n0000" + b"%04x" % (len(complaint) + 4) + complaint
        self._answer(200, body, Content_Type="application/x-git-upload-pack-advertisement")

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", "0")))
        parts = []
        while size := int(self.rfile.readline(), 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    def _backend(self, body: bytes) -> None:
        path, _, query = self.path.partition("?")
        done = subprocess.run(
            ["git", "-c", "http.receivepack=true", _BACKEND],
            input=body,
            capture_output=True,
            check=False,
            env={
                "PATH": os.environ["PATH"],
                "GIT_PROJECT_ROOT": str(self.peer.root),
                "GIT_HTTP_EXPORT_ALL": "1",
                "GIT_CONFIG_GLOBAL": os.devnull,
                "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
                "PATH_INFO": path,
                "QUERY_STRING": query,
                "REQUEST_METHOD": self.command,
                "CONTENT_TYPE": self.headers.get("Content-Type", ""),
                "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
                "CONTENT_LENGTH": str(len(body)),
                "REMOTE_USER": "tester",
                "REMOTE_ADDR": "127.0.0.1",
            },
        )
        head, _, content = done.stdout.partition(b"\r\n\r\n")
        fields = dict(line.split(": ", 1) for line in head.decode().splitlines())
        status = int(fields.pop("Status", "200 OK").split()[0])
        if self.peer.fault == "cut" and b"PACK" in content:
            content = content[: content.index(b"PACK") + 30]
        self._answer(status, content, **fields)

    def _answer(self, status: int, content: bytes, **fields: str) -> None:
        self.send_response(status)
        for name, value in (fields | {"Content-Length": str(len(content))}).items():
            if value:
                self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(content)
