"""Sealing template vectors for the database and reading them back."""

import numpy as np

from portal import vault
from portal.gallery.models import Template


def _context(image_id: int, model: str) -> str:
    return f"template:{image_id}:{model}"


def sealed(vector: np.ndarray, *, image_id: int, model: str) -> bytes:
    """A float32 (d,) vector, encrypted and bound to its image and model."""
    return vault.seal(np.ascontiguousarray(vector, "<f4").tobytes(), context=_context(image_id, model))


def dimension_of(template: Template) -> int:
    """How many components a sealed vector has, told by its length: nothing is decrypted."""
    return (len(template.vector) - vault.OVERHEAD_BYTES) // 4


def vector_of(template: Template) -> np.ndarray:
    """The float32 (d,) vector of a template; portal.vault.VaultError where the row was tampered with."""
    plain = vault.unseal(bytes(template.vector), context=_context(template.image_id, template.model))
    return np.frombuffer(plain, "<f4")
