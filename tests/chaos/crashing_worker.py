"""`celery worker` whose engine dies of SIGSEGV on the one picture named by DEADLY_SHA256.

What a bug in dlib or OpenCV would do: the process is gone, no exception was raised, nothing was said.
"""

import hashlib
import os
import signal
from typing import Any

import celery.__main__

from matching.deepface_engine import DeepFaceEngine

find_faces = DeepFaceEngine.find_faces


def fatally(self: DeepFaceEngine, image: Any, **options: Any) -> Any:
    """find_faces(), except that one picture kills."""
    if hashlib.sha256(image.tobytes()).hexdigest() == os.environ["DEADLY_SHA256"]:
        os.kill(os.getpid(), signal.SIGSEGV)
    return find_faces(self, image, **options)


if __name__ == "__main__":
    DeepFaceEngine.find_faces = fatally  # type: ignore[method-assign]
    celery.__main__.main()
