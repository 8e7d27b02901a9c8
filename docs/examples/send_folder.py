"""Send a folder of stills and print what became of each. Stopped? Run it again: nothing is sent twice.

    STILLMATCH_TOKEN=smt_… python send_folder.py https://HOST/api/v1/ FOLDER [OFFENCE]

The token needs submissions:read and submissions:write. With an OFFENCE ("theft") the offenders of these
files get a place and are declared: accurate, lawfully obtained, no names guessed. Needs requests.
"""

import base64, contextlib, hashlib, os, sys, time
from pathlib import Path
from urllib.parse import urljoin
import requests

TUS, PIECE, OURS = {"Tus-Resumable": "1.0.0"}, 1 << 20, set()
ROOT, SESSION = sys.argv[1], requests.Session()
SESSION.headers["Authorization"] = f"Bearer {os.environ['STILLMATCH_TOKEN']}"


def call(method, path, tries=5, **more):
    """One request; again after a lost connection, or when the service asks for a pause."""
    answer = None
    with contextlib.suppress(requests.ConnectionError):
        answer = SESSION.request(method, urljoin(ROOT, path), timeout=30, **more)
    if tries > 1 and (answer is None or answer.status_code in (429, 503)):
        time.sleep(2 if answer is None else int(answer.headers.get("Retry-After", 2)))
        return call(method, path, tries - 1, **more)
    if answer is None or not answer.ok:
        sys.exit(f"{method} {path}: " + ("no connection" if answer is None else answer.text))
    return answer


def send(submission, file):
    """Send what is not there yet of a file; what became of it."""
    content = file.read_bytes()
    told = (("filename", file.name), ("sha256", hashlib.sha256(content).hexdigest()))
    pairs = (f"{key} {base64.b64encode(value.encode()).decode()}" for key, value in told)
    begin = {**TUS, "Upload-Length": str(len(content)), "Upload-Metadata": ",".join(pairs)}
    begun = call("POST", f"submissions/{submission}/uploads/", headers=begin)
    place, offset = begun.headers["Location"], int(begun.headers["Upload-Offset"])
    while offset < len(content):
        go_on = {**TUS, "Upload-Offset": str(offset), "Content-Type": "application/offset+octet-stream"}
        part = call("PATCH", place, headers=go_on, data=content[offset : offset + PIECE])
        offset = int(part.headers["Upload-Offset"])
    upload = call("GET", place).json()
    if upload["still"]:
        OURS.add(call("GET", f"stills/{upload['still']}/").json()["offender"])
    return f"{upload['state']} {upload['message']}".strip()


campaign = next(one["uid"] for one in call("GET", "campaigns/").json()["results"] if one["accepting"])
submission = call("POST", "submissions/", json={"campaign": campaign}).json()["uid"]
for file in sorted(one for one in Path(sys.argv[2]).iterdir() if one.is_file()):
    print(f"{file.name}: {send(submission, file)}")
if len(sys.argv) > 3:
    call("POST", f"submissions/{submission}/places/", json={})
for one in [call("GET", f"offenders/{uid}/").json() for uid in sorted(OURS)]:
    if len(sys.argv) > 3 and one["rank"] and not one["declared_at"]:
        call("PATCH", f"offenders/{one['uid']}/", json={"offence": one["offence"] or sys.argv[3]})
        one = call("PUT", f"offenders/{one['uid']}/declaration/").json()
    print(f"offender {one['rank'] or 'without a place'}: {one['status']['label']}")
