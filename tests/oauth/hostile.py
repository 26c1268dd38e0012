"""A server of documents over TLS on loopback that answers as badly as it is told to, and an authority that vouches."""

import datetime as dt
import socket
import ssl
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

Answer = Callable[[socket.socket], None]


class Authority:
    """A certificate authority of one test. ``bundle`` is the file that whoever shall believe it is given."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.bundle = folder, folder / "authority.pem"
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "An authority of tests")])
        made = self._builder(self._name, self._key).add_extension(
            x509.BasicConstraints(True, 0), critical=True
        )
        self.bundle.write_bytes(
            made.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
        )

    def _builder(self, name: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
        now = dt.datetime.now(dt.UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - dt.timedelta(hours=1))
            .not_valid_after(now + dt.timedelta(days=1))
        )

    def context_for(self, host: str) -> ssl.SSLContext:
        """What a server of this host's name needs."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
        names = x509.SubjectAlternativeName([x509.DNSName(host)])
        made = self._builder(name, key).add_extension(names, critical=False).sign(self._key, hashes.SHA256())
        path = self.folder / f"{host}.pem"
        path.write_bytes(
            made.public_bytes(serialization.Encoding.PEM)
            + key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path)
        return context

    @property
    def trust(self) -> ssl.SSLContext:
        """What a client needs to believe this authority and no other."""
        return ssl.create_default_context(cafile=str(self.bundle))


def said(body: bytes, *headers: str, status: str = "200 OK", media_type: str = "application/json") -> Answer:
    """An answer of this body."""
    head = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers]
    if media_type:
        head.append(f"Content-Type: {media_type}")
    return lambda connection: connection.sendall("\r\n".join([*head, "", ""]).encode() + body)


DRIPS_S = 30  # how long a dripping answer goes on


def dripping(start: bytes, drop: bytes) -> Answer:
    """An answer that takes its time, a drop ten times a second."""

    def answer(connection: socket.socket) -> None:
        connection.sendall(start)
        until = time.monotonic() + DRIPS_S
        while time.monotonic() < until:
            connection.sendall(drop)
            time.sleep(0.1)

    return answer


class DocumentServer:
    """Serves one answer at any path of ``https://<host>:<port>``; counts what it was asked, and keeps the requests."""

    def __init__(self, authority: Authority, host: str, answer: Answer) -> None:
        self.authority = authority
        self.answer, self.requests = answer, list[bytes]()
        self.connections = 0
        self._context = authority.context_for(host)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.origin = f"https://{host}:{self.port}"

    def __enter__(self) -> "DocumentServer":
        threading.Thread(target=self._serve, name="documents", daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._listener.close()

    def _serve(self) -> None:
        while True:
            try:
                plain, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._one, args=(plain,), daemon=True).start()

    def _one(self, plain: socket.socket) -> None:
        try:
            with self._context.wrap_socket(plain, server_side=True) as connection:
                self.requests.append(connection.recv(65_536))
                self.answer(connection)
        except OSError:
            """The other side went away, as it should from some answers."""
