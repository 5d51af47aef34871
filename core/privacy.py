"""What keeps people out of clear text: pseudonyms, encryption, and the cleaning of what goes to the model.

Two random keys live in the database, wrapped by a key derived from PROFOND_SECRET_KEY (HKDF-SHA256, RFC 5869): one makes
pseudonyms (HMAC-SHA256), one encrypts texts (AES-256-GCM). Rotating the secret therefore only wraps them again. The name
of the field is authenticated with each text, so that no row can be passed off as another kind.
"""

import hashlib
import hmac
import re
import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

NONCE_BYTES = 12


class WrongKey(Exception):
    """The secret does not open what it should."""


def _seal(key: bytes, text: bytes, field: str) -> bytes:
    nonce = secrets.token_bytes(NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, text, field.encode())


def _open(key: bytes, sealed: bytes, field: str) -> bytes:
    try:
        return AESGCM(key).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], field.encode())
    except (InvalidTag, ValueError):
        raise WrongKey(field) from None


def _wrapping_key(secret: str) -> bytes:
    return HKDF(SHA256(), 32, salt=None, info=b"profond key wrap 1").derive(secret.encode())


def new_key() -> bytes:
    """Return a random 256-bit key."""
    return secrets.token_bytes(32)


def wrap(secret: str, name: str, key: bytes) -> bytes:
    """Return a key encrypted by the secret."""
    return _seal(_wrapping_key(secret), key, name)


def unwrap(secret: str, name: str, wrapped: bytes) -> bytes:
    """Return the key inside. Raises WrongKey."""
    return _open(_wrapping_key(secret), wrapped, name)


class Vault:
    """Pseudonyms and encryption with the two keys of one database."""

    def __init__(self, *, pseudonyms: bytes, texts: bytes) -> None:
        self._pseudonyms = pseudonyms
        self._texts = texts

    def pseudonym(self, kind: str, identity: str) -> str:
        """Return a keyed hash of 32 hex digits: the same for the same identity, telling nothing without the key."""
        return hmac.new(self._pseudonyms, f"{kind}\0{identity}".encode(), hashlib.sha256).hexdigest()[:32]

    def seal(self, field: str, text: str) -> bytes:
        """Return text encrypted for one field."""
        return _seal(self._texts, text.encode(), field)

    def open(self, field: str, sealed: bytes) -> str:
        """Return the text that was sealed for this field. Raises WrongKey."""
        return _open(self._texts, sealed, field).decode()


_PERSONAL = [
    (re.compile(pattern), mark)
    for pattern, mark in [
        (r"-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", "[clé]"),
        (r"(?i)\b[\w.+%-]+@[\w-]+(?:\.[\w-]+)*\.[a-z]{2,}\b", "[e-mail]"),
        (r"<(?:@[!&]?|!|#|!subteam\^)[\w^]+(?:\|[^>]*)?>", "[mention]"),
        (r"(?i)@(?:everyone|here|channel)\b", "[mention]"),
        (r"\b(?:sk|pk|rk|hf|ghp|gho|ghs|glpat|github_pat|xox[abeprs]|xapp|AKIA|AIza|ya29)[-_.A-Za-z0-9]{12,}", "[clé]"),
        (r"\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]{8,}\b", "[clé]"),
        (r"(?i)\b((?:api[_-]?key|token|secret|password|passwd|mot de passe|mdp)\s*[:=]\s*[\"']?)[^\s\"']{6,}", r"\1[clé]"),
        (r"\b(?=[A-Za-z0-9_-]*\d)(?=[A-Za-z0-9_-]*[A-Z])(?=[A-Za-z0-9_-]*[a-z])[A-Za-z0-9_-]{28,}\b", "[clé]"),
        (r"(?<![\w.,])(?:\+|00)\d{1,3}[\s.-]?(?:\(0\))?\d(?:[\s.-]?\d){7,10}(?!\w)", "[téléphone]"),
        (r"(?<![\w.,])0[1-9](?:[\s.-]?\d{2}){4}(?!\w)", "[téléphone]"),
    ]
]
_DECORATOR = re.compile(r"^\s*@[\w.]+(?:\(.*\)?)?\s*$")
_HANDLE = re.compile(r"(?<![\w@.])@[^\W\d][\w.-]+")


def scrub(text: str) -> str:
    """Return text without e-mail addresses, phone numbers, keys and mentions; a Python decorator is none."""
    for pattern, mark in _PERSONAL:
        text = pattern.sub(mark, text)
    return "\n".join(line if _DECORATOR.match(line) else _HANDLE.sub("[mention]", line) for line in text.split("\n"))
