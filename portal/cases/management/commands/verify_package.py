"""Whether a package file is what was signed; says the first thing wrong and ends with status 1 otherwise."""

from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from django.core.management.base import BaseCommand, CommandError, CommandParser

from portal.cases.packages.archive import fingerprint, signing_key
from portal.cases.packages.verification import Faulty, verify


class Command(BaseCommand):
    """Check manifest, signature, hashes, the record's schema, and that nothing else is in the file."""

    help = __doc__ or ""
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """The file, and where another installation made it, that installation's public key."""
        parser.add_argument("file", type=Path)
        parser.add_argument("--key", type=Path, help="public key (PEM) of the installation that signed it")

    def handle(self, *args: Any, **options: Any) -> None:
        """Verify."""
        key = self._key(options["key"])
        try:
            manifest = verify(options["file"], key=key)
        except Faulty as error:
            raise CommandError(f"{options['file']}: {error}.") from error
        files, kind = len(manifest["files"]), manifest["kind"]
        self.stdout.write(f"{options['file']}: {kind}, {files} files, all as signed by {fingerprint(key)}")

    def _key(self, path: Path | None) -> Ed25519PublicKey:
        if path is None:
            return signing_key().public_key()
        try:
            found = load_pem_public_key(path.read_bytes())
        except (OSError, ValueError) as error:
            raise CommandError(f"{path}: not a public key: {error}") from error
        if not isinstance(found, Ed25519PublicKey):
            raise CommandError(f"{path}: not an Ed25519 key")
        return found
