"""Asking the gallery the same question again, without an engine: each search keeps its query, sealed."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from matching.engine import EngineInfo
from portal import vault
from portal.accounts.models import User
from portal.searches.actions import (
    Answer,
    hold_images,
    query_context,
    record_search,
    search_gallery,
    store_candidates,
)
from portal.searches.models import Occasion, Search


class QueryGone(Exception):
    """The query vector of this search is gone: its still was erased."""


@dataclass(frozen=True)
class Asked:
    """Why a search is made again, on what basis, and who asked (None: the service)."""

    occasion: Occasion
    basis: str
    by: User | None = None


def repeat_searches(
    searches: Iterable[Search], asked: Asked, *, length: int, as_the_gallery_was: bool = False
) -> list[Search]:
    """New searches with the same queries, for the best `length`; `as_the_gallery_was`: without later images.

    Call inside a transaction, and record_searches() last in it. What may not be searched now is never
    listed, whatever the gallery was. Raises ErasedMeanwhile (searches.actions) where an image was erased
    between search and storing: roll back and ask again. QueryGone where a query is no longer held.
    """
    answered = [
        (old, ask_again(old, length=length, as_of_seq=old.gallery_seq if as_the_gallery_was else None))
        for old in searches
    ]
    hold_images([answer for _, answer in answered])
    return [
        _store(old, answer, asked, length=length, extends=old if as_the_gallery_was else None)
        for old, answer in answered
    ]


def query_of(search: Search) -> tuple[np.ndarray, EngineInfo]:
    """The query vector, float32 (d,), unit length, and what made it; QueryGone where it was erased."""
    if not search.query:
        raise QueryGone("the probe was erased, so its query vector is gone")
    plain = vault.unseal(bytes(search.query), context=query_context(search.query_sha256))
    query = np.frombuffer(plain, "<f4")
    return query, EngineInfo(search.detector, "", search.model, search.model_version, len(query))


def ask_again(search: Search, *, length: int, as_of_seq: int | None = None) -> Answer:
    """Today's answer to a search's question, or as the gallery was at `as_of_seq`."""
    query, info = query_of(search)
    offender = search.still.offender.uid if search.still else None
    force = search.campaign.force
    return search_gallery(query, info, force, length=length, offender=offender, as_of_seq=as_of_seq)


def _store(old: Search, answer: Answer, asked: Asked, *, length: int, extends: Search | None) -> Search:
    kept = ("still", "face", "campaign", "probe_sha256", "query", "query_sha256", "model")
    same = {
        name: getattr(old, name)
        for name in (*kept, "model_version", "detector", "quality", "unified_quality")
    }
    search = Search.objects.create(
        **same,
        **answer.as_fields(),
        list_length=length,
        occasion=asked.occasion,
        basis=asked.basis,
        requested_by=asked.by,
        extends=extends,
    )
    store_candidates(search, answer)
    return search


def record_searches(searches: Iterable[Search]) -> None:
    """Enter them in the log; last in the transaction."""
    for search in searches:
        record_search(search)
