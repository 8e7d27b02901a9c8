"""The running service against its own OpenAPI document, with requests that schemathesis makes up."""

from dataclasses import dataclass
from typing import Any
from zlib import crc32

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from pytest_django.live_server_helper import LiveServer
from schemathesis import Case
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from portal.api.schema import document
from tests.api.conftest import program_of
from tests.cast import Cast, found_face, make_offender, make_still, search_still, submission_of
from tests.questions.asking import make_question

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
# tus has tests of its own: its bodies are bytes, and its protocol lies in headers.
schema = schemathesis.openapi.from_dict(document()).exclude(path_regex="/uploads/")
# Its systematic phase makes hundreds of requests of one operation; the random one is bounded below.
schema.config.phases.coverage.enabled = False


@dataclass(frozen=True)
class Stage:
    """The running service, a token, and objects of its retailer by the first part of a path."""

    url: str
    secret: str
    uids: dict[str, str]


@pytest.fixture
def stage(cast: Cast, live_server: LiveServer) -> Stage:
    """A retailer with something in every list."""
    offender = make_offender(cast.loss_prevention, cast.campaign)
    still = make_still(offender)
    search_still(still, [found_face(), found_face(100, 60)])
    submission = submission_of(cast.loss_prevention, cast.campaign)
    question = make_question(offender, cast.facial_reviewer)
    objects: dict[str, Any] = {
        "submissions": submission,
        "offenders": offender,
        "stills": still,
        "questions": question,
    }
    uids = {name: one.uid for name, one in objects.items()}
    secret = program_of(cast.loss_prevention).secret
    return Stage(live_server.url, secret, {name: str(uid) for name, uid in uids.items()})


@schema.parametrize()
@settings(max_examples=15, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
def test_the_service_keeps_to_its_schema(case: Case, stage: Stage) -> None:
    made_up = str(case.path_parameters.get("uid", "")) if case.path_parameters else ""
    if made_up and crc32(f"{made_up}{case.body!r}".encode()) % 5:  # most go to what is there
        case.path_parameters = {"uid": stage.uids[case.path.split("/")[3]]}
    answer = case.call(base_url=stage.url, headers={"Authorization": f"Bearer {stage.secret}"})
    case.validate_response(answer, checks=CHECKS)
