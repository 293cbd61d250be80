"""No first token waits for a TLS handshake: handshakes are counted at a provider behind TLS."""

from __future__ import annotations

import asyncio
import datetime
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from backends.provider import create_provider
from tests.e2e.processes import eventually


class Secured:
    """A scripted provider behind TLS in a thread of its own."""

    def __init__(self, folder: Path) -> None:
        self.handshakes = 0
        self.certificate = folder / "ca.pem"
        self.port = 0
        self._context = self._make_context(folder)
        self._context.sni_callback = self._count

    def _count(self, *_: object) -> None:
        self.handshakes += 1

    def _make_context(self, folder: Path) -> ssl.SSLContext:
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
        now = datetime.datetime.now(datetime.UTC)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=1))
            .not_valid_after(now + datetime.timedelta(days=1))
            .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), False)
            .sign(key, hashes.SHA256())
        )
        self.certificate.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        private = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        (folder / "key.pem").write_bytes(private)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate, folder / "key.pem")
        return context

    @contextmanager
    def serving(self) -> Iterator[Secured]:
        """Serve while the block runs."""
        started, leaving = threading.Event(), threading.Event()

        async def serve() -> None:
            runner = web.AppRunner(create_provider(), access_log=None)
            await runner.setup()
            await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=self._context).start()
            self.port = runner.addresses[0][1]
            started.set()
            await asyncio.to_thread(leaving.wait)
            await runner.cleanup()
            await asyncio.sleep(0.1)  # TLS says goodbye after its server has closed

        thread = threading.Thread(target=lambda: asyncio.run(serve()))
        thread.start()
        try:
            assert started.wait(10)
            yield self
        finally:
            leaving.set()
            thread.join(10)


@pytest.fixture
def secured(tmp_path: Path) -> Iterator[Secured]:
    folder = tmp_path / "tls"
    folder.mkdir()
    with Secured(folder).serving() as provider:
        yield provider


def config(provider: Secured, **server: object) -> dict:
    url = f"https://localhost:{provider.port}/v1"
    return {
        "server": server,
        "backends": {"up": {"kind": "openai_chat", "base_url": url, "api_key": "k"}},
        "models": {"default": {"targets": [{"backend": "up"}]}},
        "apps": {"web": {"model": "default"}},
        "limits": {},
    }


def asked(gateway) -> str:
    messages = [{"role": "user", "content": "[[n=2]]"}]
    answer = gateway.wire.post("/v1/chat/completions", {"model": "default", "messages": messages})
    assert answer.status == 200, answer.text
    return answer.json["choices"][0]["message"]["content"]


def test_a_warm_gateway_has_its_handshake_behind_it_when_the_first_question_comes(secured, start):
    gateway = start(config(secured, warm=True), SSL_CERT_FILE=str(secured.certificate))
    assert eventually(lambda: secured.handshakes) == 1

    assert asked(gateway) == asked(gateway)

    assert secured.handshakes == 1


def test_a_cold_one_opens_nothing_before_it_is_asked_and_then_once(secured, start):
    gateway = start(config(secured), SSL_CERT_FILE=str(secured.certificate))

    assert secured.handshakes == 0
    asked(gateway)
    asked(gateway)

    assert secured.handshakes == 1
