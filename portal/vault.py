"""Encryption at rest for what must not be readable in a stolen database: templates, MFA secrets.

AES-256-GCM (NIST SP 800-38D) under the newest of settings.VAULT_KEYS; the context, for example
"template:41:Dlib", is bound in as associated data, so that a value moved to another row is refused.
"""

import os
from base64 import urlsafe_b64decode

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings

NONCE_BYTES = 12
OVERHEAD_BYTES = NONCE_BYTES + 16  # and the tag


class VaultError(Exception):
    """The value was altered, moved to another context, or its key is gone."""


def _keys() -> list[bytes]:
    return [urlsafe_b64decode(key) for key in settings.VAULT_KEYS]


def seal(plain: bytes, *, context: str) -> bytes:
    """Encrypt under the newest key; nonce (12 bytes) + ciphertext + tag (16 bytes)."""
    nonce = os.urandom(NONCE_BYTES)
    return nonce + AESGCM(_keys()[0]).encrypt(nonce, plain, context.encode())


def unseal(sealed: bytes, *, context: str) -> bytes:
    """Decrypt with whichever key fits; VaultError where none does."""
    nonce, ciphertext = bytes(sealed[:NONCE_BYTES]), bytes(sealed[NONCE_BYTES:])
    for key in _keys():
        try:
            return AESGCM(key).decrypt(nonce, ciphertext, context.encode())
        except InvalidTag:
            continue
    raise VaultError(f"nothing readable under any key for {context}")
