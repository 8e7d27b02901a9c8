"""Move the gallery to another model while the old one keeps serving; then --switch."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from matching.engine import EngineInfo, EngineSettings, FaceEngine, load_engine
from matching.errors import EngineFault
from portal.audit.log import SystemActor
from portal.gallery.actions import purge_models
from portal.gallery.index import index_of
from portal.gallery.serving import serving_settings
from portal.reviews.states import DecisionState
from portal.searches import reembedding
from portal.submissions.models import Still

OPERATOR = SystemActor("reembed")
EVERY = 100  # images between two lines of progress


class Command(BaseCommand):
    """Interrupt it at any time: run again, it goes on where it was."""

    help = __doc__ or ""

    def add_arguments(self, parser: CommandParser) -> None:
        """To which model, and how far."""
        parser.add_argument("--model", required=True, help="as manage.py engines names it")
        parser.add_argument("--weights", type=Path, help="folder of its weights; none: those of the packages")
        parser.add_argument("--processes", type=int, default=1)
        parser.add_argument(
            "--compare", type=int, default=50, metavar="N", help="last searches asked of both"
        )
        parser.add_argument("--switch", action="store_true", help="search with the new model from now on")
        parser.add_argument(
            "--drop-old", action="store_true", help="after a switch: purge every other model's templates"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Embed what is missing, compare, then switch if asked."""
        old_settings = serving_settings()
        settings = EngineSettings(options["model"], old_settings.detector, options["weights"])
        try:
            engine = load_engine(settings)
        except EngineFault as error:
            raise CommandError(str(error)) from error
        failed = reembedding.reembed(
            settings, engine.info, processes=options["processes"], progress=self._progress
        )
        for line in failed:
            self.stderr.write(line)
        self._compare(engine, old_settings, last=options["compare"])
        if options["switch"]:
            self._switch(settings, engine.info)
        if options["drop_old"]:
            self._drop_old(engine.info)

    def _progress(self, done: int, total: int) -> None:
        if done == total or done % EVERY == 0:
            self.stdout.write(f"{done} of {total} images embedded again")
            self.stdout.flush()

    def _compare(self, engine: FaceEngine, old_settings: EngineSettings, *, last: int) -> None:
        try:
            old = load_engine(old_settings).info
        except EngineFault as error:
            self.stdout.write(f"Not compared: {error}")  # the old weights are gone; the move is the way out
            return
        if engine.info != old:
            self._say(reembedding.compare(engine, old, last=last, by=OPERATOR))

    def _say(self, found: list[reembedding.Shadow]) -> None:
        for one in found:
            if one.differs:
                place = f"now at {one.old_first_now_at}" if one.old_first_now_at else "no longer listed"
                shared = f"{one.shared} of {one.length} shared"
                self.stdout.write(
                    f"search {one.search}: first was {one.old_first} ({place}), is {one.new_first}; {shared}"
                )
        differing = sum(one.differs for one in found)
        self.stdout.write(
            f"Both models asked {len(found)} past searches: another first candidate in {differing}."
        )

    def _switch(self, settings: EngineSettings, info: EngineInfo) -> None:
        try:
            reembedding.switch(settings, info, by=OPERATOR)
        except reembedding.NotReady as error:
            raise CommandError(f"{error} Run the command again.") from error
        undecided = Still.objects.exclude(offender__decision__state=DecisionState.DECIDED)
        again = undecided.filter(searches__isnull=False).distinct()
        count = reembedding.search_again(again, why=f"the gallery is searched with {info.model}", by=OPERATOR)
        self.stdout.write(
            f"Searching with {info.model} {info.model_version}. {count} stills are searched again."
        )
        self.stdout.write("The old calibration is refused from now on: run manage.py calibrate.")

    def _drop_old(self, info: EngineInfo) -> None:
        if load_engine(serving_settings()).info != info:
            raise CommandError("Only after the switch: the other templates are still searched.")
        gone = purge_models(info)
        for model, dimension in sorted({(one.model, one.dimension) for one in gone}):
            index_of(model=model, dimension=dimension).catch_up()
        self.stdout.write(f"{len(gone)} templates of other models purged.")
