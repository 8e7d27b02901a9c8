"""What series and cases give up of what is erased. Call inside the transaction that erases it."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils import timezone

from portal.audit.log import Actor
from portal.cases.actions.packages import delete_archive, forget_archive, record_erased
from portal.cases.models import Package, Pair
from portal.cases.states import TO_JUDGE, PairState

WHY = "something it contained or rested on was erased"


@dataclass
class Forgotten:
    """Packages that had contained it: their uids, and the archives to delete after the commit."""

    packages: list[str] = field(default_factory=list)
    archives: list[str] = field(default_factory=list)
    gone: list[Package] = field(default_factory=list)

    def record(self, *, by: Actor) -> None:
        """Into the log, when every row of the erasure is written: the log's lock comes last."""
        for package in self.gone:
            record_erased(package, WHY, by=by)

    def delete_archives(self) -> int:
        """After the commit: how many are gone."""
        return sum(delete_archive(key) for key in self.archives)


def forget_still(uid: UUID, searches: Iterable[int]) -> Forgotten:
    """Pairs that wait for a look at it are withdrawn, stored archives that hold it go.

    After the still's row is deleted: a package is committed while its stills' rows are locked, so that one
    made meanwhile is either refused or found here. What officers judged stays as their record.
    """
    used = list(searches)
    shown = Pair.objects.filter(Q(first_search__in=used) | Q(second_search__in=used))
    shown.filter(state__in=TO_JUDGE).update(state=PairState.WITHDRAWN, score=None, settled_at=timezone.now())
    return _forget(Package.objects.filter(stills__icontains=str(uid)))


def forget_document(uid: UUID) -> Forgotten:
    """Stored archives that hold it go. After the document's row is deleted, as with stills."""
    return _forget(Package.objects.filter(documents__icontains=str(uid)))


def forget_custody_image(uid: UUID) -> Forgotten:
    """Stored archives about a decision that rested on it go."""
    return _forget(Package.objects.filter(custody_images__icontains=str(uid)))


def _forget(packages: QuerySet[Package]) -> Forgotten:
    forgotten = Forgotten()
    for package in packages.order_by("pk"):
        forgotten.packages.append(str(package.uid))
        if forget_archive(package, WHY):
            forgotten.archives.append(package.key)
            forgotten.gone.append(package)
    return forgotten
