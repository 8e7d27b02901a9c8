"""Prepare known-answer checks for a force's queue: made-up people, or people who consented.

Half of the made-up ones have a custody image planted for them alone (--present); the others are of nobody.
Consented people come from a manifest in the evaluation sets' form (path, identity, role; age, sex if known).
"""

import secrets
from argparse import BooleanOptionalAction
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from django.core.management.base import BaseCommand, CommandError, CommandParser

from matching.errors import MatchingError
from portal.accounts.models import Organisation, OrganisationKind
from portal.assurance.actions import NotRecorded, prepare_check, set_rate, withdraw_person
from portal.assurance.cover import Subject
from portal.assurance.pictures import BadPeople, consented_subjects, synthetic_subjects
from portal.assurance.queries import rate_of, ready_checks
from portal.audit.log import SystemActor
from portal.gallery.serving import engine

COMMAND = SystemActor("make_checks")


class Command(BaseCommand):
    """Safe to stop and run again: each check is complete or absent."""

    help = __doc__ or ""

    def add_arguments(self, parser: CommandParser) -> None:
        """How many, of whom, for which force."""
        parser.add_argument("--count", type=int, default=20)
        parser.add_argument("--force", help="name of the police force (default: the only one)")
        parser.add_argument("--from", dest="manifest", type=Path, help="manifest of people who consented")
        parser.add_argument("--present", type=float, default=0.5, help="share with the person in the gallery")
        parser.add_argument("--rate", type=float, help="set how many in a hundred of the queue are checks")
        parser.add_argument("--withdraw", metavar="PERSON", help="who took back their consent (identity)")
        parser.add_argument(
            "--look", action=BooleanOptionalAction, default=True, help="leave out stills without a face"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Prepare, and say what the pool holds."""
        force = _force(options["force"])
        if options["withdraw"]:
            gone = withdraw_person(force, options["withdraw"], by=COMMAND, reason="consent withdrawn")
            self.stdout.write(f"{gone} prepared checks withdrawn; their custody images are being erased.")
            return
        try:
            if options["rate"] is not None:
                set_rate(force, options["rate"], by=COMMAND)
            made = [prepare_check(force, one, by=COMMAND) for one in _subjects(options)]
        except (BadPeople, NotRecorded, MatchingError) as error:
            raise CommandError(str(error)) from error
        present = sum(check.subject_uid is not None for check in made)
        self.stdout.write(f"{len(made)} checks prepared, {present} with the person in the gallery.")
        self.stdout.write(f"{ready_checks(force).count()} are ready; the rate is {rate_of(force):g} %.")


def _force(name: str | None) -> Organisation:
    forces = Organisation.objects.filter(kind=OrganisationKind.FORCE)
    found = list(forces.filter(name=name) if name else forces)
    if len(found) != 1:
        raise CommandError("Name the police force with --force.")
    return found[0]


def _subjects(options: dict[str, Any]) -> Iterator[Subject]:
    if options["manifest"]:
        return consented_subjects(options["manifest"], options["count"])
    share = options["present"]
    return synthetic_subjects(
        options["count"],
        present=lambda: secrets.SystemRandom().random() < share,
        usable=_has_face if options["look"] else None,
    )


def _has_face(pixels: np.ndarray) -> bool:
    return bool(engine().find_faces(pixels))
