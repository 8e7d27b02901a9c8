"""What import contracts cannot see: what a process really loads."""

import os
import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
HEAVY = ("tensorflow", "tf_keras", "keras", "deepface", "dlib", "onnxruntime")
WEB = f"""
import sys
from portal.wsgi import application
from django.urls import get_resolver
get_resolver().url_patterns
print([name for name in {HEAVY!r} if name in sys.modules])
"""


def test_the_web_process_loads_no_face_model(tmp_path: Path) -> None:
    env = {**os.environ, "DJANGO_SETTINGS_MODULE": "portal.settings", "STILLMATCH_STATE_DIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", WEB], cwd=REPOSITORY, env=env, capture_output=True, text=True, check=False
    )
    assert done.stdout.strip() == "[]", done.stderr
