"""What packages hold, that nothing in them can be changed unnoticed, and how they end."""

import hashlib
import io
import json
import zipfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.core.management import CommandError, call_command
from django.urls import reverse
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pypdf import PdfReader

from portal import storage, work
from portal.accounts.context import CAVEAT
from portal.audit.log import SystemActor
from portal.audit.models import Entry
from portal.audit.tags import Tag
from portal.cases.actions import Conflict, Invalid, packages
from portal.cases.models import Case, Package, Pair
from portal.cases.packages.archive import MANIFEST, PAPER, RECORD, SIGNATURE, as_json, pem, put, signing_key
from portal.cases.packages.verification import Faulty, verify
from portal.cases.states import Basis, PackageKind, PairState
from portal.questions.documents import add_document
from portal.questions.models import Document
from portal.questions.states import Kind as QuestionKind
from portal.retention.actions import erase_custody_image, erase_document, erase_still
from portal.submissions.actions import Upload
from portal.submissions.models import Still
from tests.cases.acting import archive_of, look_alikes, made_package, pair_of
from tests.cast import Cast, client_of
from tests.questions.asking import answered, make_question

ERASER = SystemActor("test")


@pytest.fixture
def disclosed(cast: Cast, case: Case, tmp_path: Path) -> Path:
    """A disclosure package of the case."""
    return archive_of(made_package(case, PackageKind.DISCLOSURE, cast.supervisor), tmp_path)


def contents(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_the_record_holds_the_whole_way_of_every_offence(cast: Cast, case: Case, disclosed: Path) -> None:
    files = contents(disclosed)
    record = json.loads(files[RECORD])
    identified, linked = sorted(record["offences"], key=lambda one: one["basis"])
    assert (identified["basis"], linked["basis"]) == (Basis.DECISION, Basis.SERIES)
    (search,) = identified["searches"]
    assert len(search["candidates"]) == 3
    stages = [(one["stage"], one["reviewer"]["name"]) for one in identified["decision"]["reviews"]]
    assert stages == [("first", cast.facial_reviewer.name), ("second", cast.second_reviewer.name)]
    judged = identified["decision"]["reviews"][0]["judgements"]
    assert sorted(one["blind"] for one in judged) == ["not", "not", "possible"]
    assert identified["decision"]["reviews"][0]["grounds"]["authoriser"]
    assert len(record["series"][0]["judgements"]) == 2
    still = Still.objects.get(uid=identified["stills"][0]["uid"])
    assert identified["stills"][0]["original"]["sha256"] == still.original_sha256
    original = files[identified["stills"][0]["original"]["file"]]
    assert original == storage.read(storage.originals(), still.original_key)
    assert verify(disclosed, key=signing_key().public_key())["kind"] == PackageKind.DISCLOSURE


def test_only_the_identified_subject_is_named(cast: Cast, case: Case, disclosed: Path) -> None:
    files = contents(disclosed)
    assert case.subject is not None
    everything = files[RECORD].decode() + text_of(files[PAPER])
    assert case.subject.name in everything
    for other in ("Person Number2", "Person Number3", "NM/000002", "NM/000003"):
        assert other not in everything
    for candidate in json.loads(files[RECORD])["offences"][0]["searches"][0]["candidates"]:
        assert candidate["subject_uid"] in text_of(files[PAPER]).replace("\n", "")


def text_of(pdf: bytes) -> str:
    return "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages)


def test_every_page_bears_caveat_and_number(case: Case, disclosed: Path) -> None:
    reader = PdfReader(io.BytesIO(contents(disclosed)[PAPER]))
    assert len(reader.pages) > 2
    for number, page in enumerate(reader.pages, start=1):
        text = page.extract_text()
        assert CAVEAT in text
        assert f"Page {number} of {len(reader.pages)}" in text
    first = reader.pages[0].extract_text()
    assert f"Number\n{case.number}\n" in first
    assert "UTC" in first
    assert reader.metadata is not None
    assert "Disclosure package" in str(reader.metadata.title)
    assert str(reader.root_object["/Lang"]) == "en-GB"


def test_an_intelligence_package_has_reporters_but_no_originals(
    cast: Cast, case: Case, tmp_path: Path
) -> None:
    package = made_package(case, PackageKind.INTELLIGENCE, cast.supervisor)
    files = contents(archive_of(package, tmp_path))
    assert not [name for name in files if name.startswith("originals/")]
    assert "reporter_contact" in json.loads(files[RECORD])["offences"][0]["report"]
    assert (package.work_state, package.steps_done) == (work.WorkState.DONE, package.steps_all)
    assert Entry.objects.filter(tag=Tag.PACKAGE_MADE, subject_id=str(package.uid)).count() == 1


# --- documents ------------------------------------------------------------------------------------
STATEMENT = b"%PDF-1.7\n<script>alert(1)</script>"


@pytest.fixture
def document(cast: Cast, case: Case) -> Document:
    """A statement that came with an answer about an offence of the case; another is not sent off yet."""
    reported = [one.offender for one in case.offences.order_by("pk")]
    mine = next(one for one in reported if one.submission.retailer == cast.retailer)
    asked = make_question(mine, cast.facial_reviewer, QuestionKind.STATEMENT, text="A statement, please.")
    document, _ = add_document(asked, Upload(STATEMENT, "statement <signed>.pdf"), by=cast.loss_prevention)
    answered(asked, cast.loss_prevention, text="Here it is.", collect_from="Ask for Lena")
    waiting = make_question(mine, cast.facial_reviewer, QuestionKind.RECEIPT)
    add_document(waiting, Upload(b"%PDF-1.4\n", "not yet.pdf"), by=cast.loss_prevention)
    return document


@pytest.mark.parametrize("kind", PackageKind.values)
def test_documents_are_enclosed_as_received(
    cast: Cast, case: Case, document: Document, kind: str, tmp_path: Path
) -> None:
    path = archive_of(made_package(case, PackageKind(kind), cast.supervisor), tmp_path)
    files, name = contents(path), f"documents/{document.uid}.pdf"
    assert [one for one in files if one.startswith("documents/")] == [name]
    assert files[name] == STATEMENT
    offences = json.loads(files[RECORD])["offences"]
    (question,) = (question for one in offences for question in one["questions"])
    (told,) = question["documents"]
    assert (told["name"], told["bytes"], told["file"]) == ("statement <signed>.pdf", len(STATEMENT), name)
    assert told["sha256"] == hashlib.sha256(STATEMENT).hexdigest()
    assert (question["answer"], "collect_from" in question) == ("Here it is.", kind == "intelligence")
    on_paper = text_of(files[PAPER])
    assert "statement <signed>.pdf" in on_paper
    assert told["sha256"] in on_paper.replace("\n", "")
    verify(path, key=signing_key().public_key())
    html = client_of(cast.supervisor).get(reverse("police:package", args=[Package.objects.get().uid]))
    assert "1 document from retailers" in html.content.decode()


def test_a_document_that_is_not_what_was_received_stops_the_package(
    cast: Cast, case: Case, document: Document
) -> None:
    other = storage.store(storage.originals(), b"%PDF-other")
    Document.objects.filter(pk=document.pk).update(key=other)
    with pytest.raises(OSError, match="not what was received"):
        made_package(case, PackageKind.INTELLIGENCE, cast.supervisor)
    assert not Package.objects.get().key


def test_erasing_a_document_takes_archives_with_it(cast: Cast, case: Case, document: Document) -> None:
    package = made_package(case, PackageKind.INTELLIGENCE, cast.supervisor)
    certificate = erase_document(document, by=ERASER, reason="Asked for")
    package.refresh_from_db()
    assert certificate.packages == [str(package.uid)]
    assert not package.is_ready
    assert made_package(case, PackageKind.INTELLIGENCE, cast.supervisor).documents == []


# --- tampering ------------------------------------------------------------------------------------
def rewritten(path: Path, change: Callable[[dict[str, bytes]], dict[str, bytes]], name: str) -> Path:
    """The same archive with other files, every other byte as this format writes it."""
    target = path.with_name(name)
    with zipfile.ZipFile(target, "w") as archive:
        for one, content in change(contents(path)).items():
            put(archive, one, content)
    return target


def _edited(files: dict[str, bytes]) -> dict[str, bytes]:
    return {**files, RECORD: files[RECORD].replace(b'"possible"', b'"not"')}


def _resigned(files: dict[str, bytes]) -> dict[str, bytes]:
    """By somebody with another key."""
    key = Ed25519PrivateKey.generate()
    files = {**files, "public-key.pem": pem(key.public_key())}
    manifest = json.loads(files[MANIFEST])
    manifest["files"][0] = packages.archive.entry("public-key.pem", files["public-key.pem"])
    written = as_json(manifest)
    return {**files, MANIFEST: written, SIGNATURE: key.sign(written)}


def _without(name: str) -> Callable[[dict[str, bytes]], dict[str, bytes]]:
    return lambda files: {one: content for one, content in files.items() if one != name}


def _renamed(files: dict[str, bytes]) -> dict[str, bytes]:
    return {("other.pdf" if one == PAPER else one): content for one, content in files.items()}


def _reordered(files: dict[str, bytes]) -> dict[str, bytes]:
    return dict(sorted(files.items(), reverse=True))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (_edited, "record.json has not the size"),
        (_without(PAPER), "package.pdf is listed, but missing"),
        (_without(MANIFEST), "manifest.json is missing"),
        (_without(SIGNATURE), "manifest.sig is missing"),
        (lambda files: {**files, "extra.txt": b"more"}, "extra.txt is in the archive, but not listed"),
        (_renamed, "package.pdf is listed, but missing"),
        (_reordered, "not in the manifest's order"),
        (_resigned, "signature"),
    ],
)
def test_the_first_thing_wrong_is_said(
    disclosed: Path, change: Callable[[dict[str, bytes]], dict[str, bytes]], says: str
) -> None:
    changed = rewritten(disclosed, change, "changed.zip")
    with pytest.raises(CommandError, match=says):
        call_command("verify_package", str(changed))


def test_the_command_takes_another_installations_key(disclosed: Path, tmp_path: Path) -> None:
    ours, theirs = tmp_path / "ours.pem", tmp_path / "theirs.pem"
    ours.write_bytes(pem(signing_key().public_key()))
    theirs.write_bytes(pem(Ed25519PrivateKey.generate().public_key()))
    call_command("verify_package", str(disclosed), key=ours)
    with pytest.raises(CommandError, match="signature"):
        call_command("verify_package", str(disclosed), key=theirs)
    with pytest.raises(CommandError, match="not a public key"):
        call_command("verify_package", str(disclosed), key=tmp_path / "nothing.pem")


def test_a_record_that_is_not_of_its_schema_is_found(disclosed: Path, tmp_path: Path) -> None:
    files = contents(disclosed)
    record: dict[str, Any] = json.loads(files[RECORD])
    del record["caveat"]
    again = tmp_path / "again.zip"
    made_by_seal = ("public-key.pem", MANIFEST, SIGNATURE)
    listed = [(name, content) for name, content in files.items() if name not in made_by_seal]
    with again.open("w+b") as file:
        changed = [(name, as_json(record) if name == RECORD else content) for name, content in listed]
        packages.archive.seal(file, changed, {"kind": "disclosure"}, signing_key())
    with pytest.raises(Faulty, match="schema"):
        verify(again)


def test_no_byte_can_be_changed_added_or_taken_away(disclosed: Path, tmp_path: Path) -> None:
    whole = disclosed.read_bytes()
    verify(disclosed)

    @settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(
        at=st.one_of(st.integers(0, len(whole) - 1), st.integers(len(whole) - 2500, len(whole) - 1)),
        how=st.one_of(st.integers(1, 255), st.sampled_from(["insert", "delete", "append", "cut"])),
    )
    def changed(at: int, how: int | str) -> None:
        broken = {
            "insert": lambda: whole[:at] + b"\0" + whole[at:],
            "delete": lambda: whole[:at] + whole[at + 1 :],
            "append": lambda: whole + whole[: at + 1],
            "cut": lambda: whole[:at],
        }
        path = tmp_path / "broken.zip"
        flipped = whole[:at] + bytes([whole[at] ^ how]) + whole[at + 1 :] if isinstance(how, int) else b""
        path.write_bytes(flipped or broken[str(how)]())
        with pytest.raises(Faulty):
            verify(path)

    changed()


# --- asking, handing out, the end -----------------------------------------------------------------
def test_a_package_needs_a_supervisor_and_a_purpose(cast: Cast, case: Case) -> None:
    with pytest.raises(Conflict):
        packages.request_package(case, PackageKind.DISCLOSURE, "For court", by=cast.facial_reviewer)
    with pytest.raises(Invalid):
        packages.request_package(case, PackageKind.DISCLOSURE, " ", by=cast.supervisor)


def test_handing_out_is_recorded_with_recipient_and_reason(cast: Cast, case: Case) -> None:
    package = made_package(case, PackageKind.INTELLIGENCE, cast.supervisor)
    with pytest.raises(Invalid):
        packages.hand_out(package, recipient="", reason="Interview", by=cast.supervisor)
    packages.hand_out(package, recipient="DC Example", reason="Interview", by=cast.supervisor)
    entry = Entry.objects.get(tag=Tag.EXPORTED)
    assert (entry.reason, entry.details["recipient"]) == ("Interview", "DC Example")
    assert entry.details["sha256"] == package.sha256


def test_an_archive_expires_and_its_row_stays(cast: Cast, case: Case) -> None:
    package = made_package(case, PackageKind.INTELLIGENCE, cast.supervisor)
    key = package.key
    Package.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert packages.expire() == 1
    package.refresh_from_db()
    assert not package.is_ready
    assert package.manifest["files"]
    assert not storage.packages().exists(key)
    with pytest.raises(Conflict):
        packages.hand_out(package, recipient="DC Example", reason="Interview", by=cast.supervisor)


def test_a_worker_that_lost_its_lease_commits_nothing(cast: Cast, case: Case) -> None:
    package = packages.request_package(case, PackageKind.INTELLIGENCE, "Interview", by=cast.supervisor)
    held = work.claim(Package, package.pk)
    assert held is not None
    Package.objects.update(work_token=None, work_state=work.WorkState.QUEUED)
    with pytest.raises(packages.LeaseLost):
        packages.make(held)
    assert not Package.objects.get().key


# --- erasure --------------------------------------------------------------------------------------
def test_erasing_a_still_takes_archives_with_it_and_the_certificate_says_so(cast: Cast, case: Case) -> None:
    package = made_package(case, PackageKind.DISCLOSURE, cast.supervisor)
    still = Still.objects.get(uid=package.stills[0])
    certificate = erase_still(still, by=ERASER, reason="Asked for")
    key = package.key
    package.refresh_from_db()
    assert certificate.packages == [str(package.uid)]
    assert not package.is_ready
    assert not storage.packages().exists(key)
    assert [one for one in package.manifest["files"] if str(still.uid) in one["name"]]
    again = made_package(case, PackageKind.DISCLOSURE, cast.supervisor)
    assert str(still.uid) not in again.stills


def test_erasing_the_custody_image_takes_archives_with_it(cast: Cast, case: Case) -> None:
    package = made_package(case, PackageKind.INTELLIGENCE, cast.supervisor)
    assert case.subject is not None
    certificate = erase_custody_image(case.subject.images.get(), by=ERASER, reason="Asked for")
    package.refresh_from_db()
    assert certificate.packages == [str(package.uid)]
    assert not package.is_ready


def test_a_pair_that_waits_is_withdrawn_when_a_still_goes(cast: Cast) -> None:
    mine, theirs = look_alikes(cast)
    pair = pair_of(mine, theirs)
    erase_still(mine.stills.get(), by=ERASER, reason="Asked for")
    pair = Pair.objects.get()
    assert (pair.state, pair.score) == (PairState.WITHDRAWN, None)
