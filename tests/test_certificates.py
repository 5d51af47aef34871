"""Whom a bot trusts: what the system trusts, also where Python has no certificates of its own; anybody else is told as a stranger."""

import asyncio
import os
import ssl
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.servers.discord import DiscordServer
from tests.servers.slack import SlackServer

ROOT = Path(__file__).resolve().parents[1]
PROGRAM = """
import sys, truststore._openssl
truststore._openssl._CA_FILE_CANDIDATES[:] = [sys.argv.pop(1)]
from bots.__main__ import main
main()
"""
"""The program, on a system that trusts one file of certificates."""


def certificate(folder: Path) -> Path:
    """Make a certificate for localhost that vouches for itself; return the file that holds it with its key."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now - timedelta(days=1), now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = folder / "localhost.pem"
    file.write_bytes(made.public_bytes(Encoding.PEM) + key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return file


async def _piped(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while piece := await reader.read(65_536):
            writer.write(piece)
            await writer.drain()
    except OSError:
        pass
    finally:
        writer.close()


@asynccontextmanager
async def encrypted(url: str, file: Path) -> AsyncIterator[str]:
    """Serve an address of this machine by HTTPS too."""

    async def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", urlsplit(url).port)
        await asyncio.gather(_piped(reader, back), _piped(there, writer))

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    server = await asyncio.start_server(meet, "127.0.0.1", ssl=context)
    async with server:
        yield f"https://localhost:{server.sockets[0].getsockname()[1]}{urlsplit(url).path}"


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the system's certificates are no file that a test could name")
@pytest.mark.parametrize(("is_known", "said"), [(True, ["accepté", "accepté"]), (False, ["certificat", "certificat"])])
async def test_the_systems_certificates_are_trusted(tmp_path: Path, *, is_known: bool, said: list[str]) -> None:
    """Where Python finds none of its own, both platforms are reached by the system's; who is no part of these is told as a stranger, not as away."""
    file = certificate(tmp_path)
    async with DiscordServer() as discord, SlackServer() as slack, encrypted(discord.url, file) as one, encrypted(slack.api_url, file) as other:
        ways = {"DISCORD_TOKEN": discord.knobs.token, "DISCORD_API_URL": one, "SLACK_API_URL": other}
        ways |= {"SLACK_BOT_TOKEN": slack.bot_token, "SLACK_APP_TOKEN": slack.app_token}
        nowhere = {"SSL_CERT_FILE": str(tmp_path / "none"), "SSL_CERT_DIR": str(tmp_path / "none"), "PYTHONPATH": str(ROOT)}
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", PROGRAM, str(file if is_known else tmp_path / "none"), "doctor"),
            cwd=tmp_path, env=os.environ | ways | nowhere, stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        out, _ = await process.communicate()

    told = [line for line in out.decode().splitlines() if "Discord" in line or "Slack" in line]
    assert [True, True] == [word in line for word, line in zip(said, told, strict=True)], told
