"""What keeps people out of clear text: pseudonyms, encryption, and the cleaning of what goes to the model.

Two random keys live in the database, wrapped by a key derived from PROFOND_SECRET_KEY (HKDF-SHA256, RFC 5869): one makes
pseudonyms (HMAC-SHA256), one encrypts texts (AES-256-GCM). Rotating the secret therefore only wraps them again. The name
of the field is authenticated with each text, so that no row can be passed off as another kind.
"""

import hashlib
import hmac
import re
import secrets
import unicodedata

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from core.unseen import visible

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
        return hmac.new(self._pseudonyms, f"{kind}\0{identity}".encode("utf-8", "replace"), hashlib.sha256).hexdigest()[:32]

    def seal(self, field: str, text: str) -> bytes:
        """Return text encrypted for one field."""
        return _seal(self._texts, text.encode("utf-8", "replace"), field)

    def open(self, field: str, sealed: bytes) -> str:
        """Return the text that was sealed for this field. Raises WrongKey."""
        return _open(self._texts, sealed, field).decode()


KEY_FORMS = (
    r"(?:sk|pk|rk)-[\w-]{12,200}|(?:sk|pk|rk)_(?=\w*\d)\w{16,200}|hf_[A-Za-z0-9]{16,}|gh[opsur]_[A-Za-z0-9]{16,}|github_pat_\w{20,}|glpat-[\w-]{16,}"
    r"|xox[abeprs]-[\w-]{8,}|xapp-[\w-]{8,}|AKIA[0-9A-Z]{12,}|AIza[\w-]{20,}|ya29\.[\w-]{16,}"
)
"""How the keys of well-known services begin and go on, as one pattern."""
_ENDING = r"(?:[a-z]{2,8}\b|[a-z]{9,24}\b(?!\())"
"""Of an address. A longer one that is called is a method: `q@keys.transpose(-2, -1)`."""
_SHORT = r"(?-i:[a-z]{2,3}|[A-Z]{2,3})\b(?!\()"
"""The ending behind a domain of one letter; in `q@k.shape` and `q@k.mT` it is a matrix."""
_BEFORE = r"(?<![\w-])(?<![\W\d_]\.)(?<!\d,)"
"""No decimals; but `tél.06…` is a number."""
_DATE = r"\d\d([./-])\d\d\1(?:19|20)\d\d(?!\d)"
_COUNTRY = r"(?:\((?:\+|00)\d{1,3}\)|(?:\+|00)(?:\d{1,3}|\s33))"
_FRENCH = r"(?:\(0[1-9]\)|(?:\(0\)\s?|0)[1-9])(?:(?:\s{0,2}|\s?[./\u2010-\u2013-]\s?)\d{2}){4}"
_PERSONAL = [
    (re.compile(pattern), mark)
    for pattern, mark in [
        (r"-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]{0,30}PRIVATE KEY-----|\Z)", "[clé]"),
        (r"(?<=://)[^\s/@:]{1,64}:[^\s/@]{1,128}@", "[clé]@"),
        (rf"(?i)(?<![\w.+%-])[\w.+%-]{{1,64}}@[\w-]{{2,63}}(?:\.[\w-]{{1,63}}){{0,3}}\.{_ENDING}", "[e-mail]"),
        (rf"(?i)(?<![\w.+%-])[\w.+%-]{{1,64}}@[^\W\d_](?:\.[\w-]{{2,63}}){{0,3}}\.{_SHORT}", "[e-mail]"),
        (r"<(?:@[!&]?|!|#|!subteam\^)[\w^]+(?:\|[^>]{0,80})?>", "[mention]"),
        (r"(?i)@(?:everyone|here|channel)\b", "[mention]"),
        (rf"(?<![\w-])(?:{KEY_FORMS})", "[clé]"),
        (r"(?<![\w-])eyJ[\w-]{8,400}\.[\w-]{8,2000}\.[\w-]{8,600}", "[clé]"),
        (r"(?i)(?<!\w)bearer\s+[\w.~+/=-]{12,}", "[clé]"),
        (r"(?i)(?<!\w)((?:password|passwd|pwd|mot de passe|mdp)\s*[:=]\s*([\"']))[^\"'\n]{1,100}\2", r"\1[clé]\2"),
        (r"(?i)(?<!\w)((?:password|passwd|pwd|mot de passe|mdp)\s*[:=]\s*)[^\s\"']{6,}", r"\1[clé]"),
        (r"(?i)(?<!\w)(\w{0,30}(?:api[_-]?key|secret|token)\w{0,20}\s*[:=]\s*[\"']?)(?=[\w./+-]*\d)[\w./+-]{8,}(?![\w(])", r"\1[clé]"),
        (r"(?<![\w-])(?=(?:[A-Za-z_-]{0,40}\d){3})(?=[\w-]{0,60}[A-Z])(?=[\w-]{0,60}[a-z])[\w-]{28,200}(?![\w(])", "[clé]"),
        (rf"{_BEFORE}(?<!\+){_COUNTRY}(?:\s{{1,2}}|[./-])?(?:\(\d{{1,4}}\)[\s./-]?)?\d(?:(?:\s{{1,2}}|[./-])?\d){{6,10}}(?!\w)", "[téléphone]"),
        (rf"{_BEFORE}(?<!/)(?!{_DATE}){_FRENCH}(?:/{_FRENCH})?(?![\w/-])", "[téléphone]"),
    ]
]
MARKS = re.compile(r"\[(?:e-mail|téléphone|clé|mention)\]")
"""What stands where personal data was."""
_CODE_LINE = re.compile(r"\s*@[\w.]{1,80}(?:\(|\s*#)")
"""A decorator that is called or commented. Products of matrices (`q@k`, `x @ w`) are no handles; `x @w` may be one, so it goes."""
_DECORATOR = re.compile(r"\s*@[\w.]{1,80}\s*$")
_DECORATED = re.compile(r"\s*(?:async\s+def|def|class|@\w)")
_HANDLE = re.compile(r"(?<![\w@.])@[^\W\d][\w.-]{1,60}+(?!\()")


def scrub(text: str) -> str:
    """Return visible text without e-mail addresses, phone numbers, keys and mentions; a Python decorator is none of them.

    What is left is read once more in plain letters (NFKC): where full-width letters or bold digits spell something personal, the
    plain text is cleaned and returned. Elsewhere formulas keep their letters (`x²`).
    """
    cleaned = _cleaned(visible(text))
    plain = unicodedata.normalize("NFKC", cleaned)
    again = _cleaned(plain) if plain != cleaned else plain
    return cleaned if again == plain else again


def is_personal(text: str) -> bool:
    """Whether cleaning takes more out of a text than what nobody sees."""
    return scrub(text) != visible(text)


def _cleaned(text: str) -> str:
    for pattern, mark in _PERSONAL:
        text = pattern.sub(mark, text)
    lines = text.split("\n")
    following = [*lines[1:], ""]
    return "\n".join(line if _is_decorator(line, after) else _HANDLE.sub("[mention]", line) for line, after in zip(lines, following, strict=True))


def _is_decorator(line: str, after: str) -> bool:
    return bool(_CODE_LINE.match(line) or (_DECORATOR.match(line) and _DECORATED.match(after)))
