"""Both networks as published and as we run them: the same vectors, the same candidate lists?

    python -m matching.bench.runtime --gallery CSV --probes CSV [--limit N]

Chips are aligned once; one view each. Lists are those of every probe against the whole gallery.
"""

import argparse
import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from matching.decoding import decode_normalised, normalise
from matching.deepface_engine import unit
from matching.dlib_network import DlibNetwork, session
from matching.engine import EngineSettings, load_engine
from matching.evaluation import LabelledImage, read_rows
from matching.sface_network import SFaceNetwork, crop
from matching.weights import DLIB_RESNET, SFACE, verified_path

Chip = NDArray[np.uint8]
Embed = Callable[[Chip], NDArray[np.float32]]
LISTED = (1, 20, 50)


def chips_of(rows: Sequence[LabelledImage]) -> list[Chip]:
    """The aligned chip of every row whose face is found."""
    engine = load_engine(EngineSettings())
    images = (decode_normalised(normalise(row.path.read_bytes()).jpeg) for row in rows)
    return [faces[0].chip for image in images if (faces := engine.find_faces(image))]


def compared(gallery: Sequence[Chip], probes: Sequence[Chip]) -> dict[str, Any]:
    """Each network: how far its vectors are apart, on how many probes lists differ, and the cost."""
    return {
        "dlib": _compared(by_onnx(), by_dlib(), gallery, probes),
        "sface": _compared(by_our_sface(), by_published_sface(), gallery, probes),
    }


def _compared(our: Embed, their: Embed, gallery: Sequence[Chip], probes: Sequence[Chip]) -> dict[str, Any]:
    chips = [*gallery, *probes]
    ours, our_ms = _timed(our, chips)
    theirs, their_ms = _timed(their, chips)
    cosines = (unit(ours).astype(np.float64) * unit(theirs).astype(np.float64)).sum(axis=1)
    edge = len(gallery)
    lists = [_lists(unit(vectors), edge) for vectors in (ours, theirs)]
    return {
        "chips": len(chips),
        "least_cosine": float(cosines.min()),
        "largest_difference": float(np.abs(ours - theirs).max()),
        "probes": len(probes),
        "gallery": edge,
        **{
            f"lists_of_{length}_that_differ": int(
                (lists[0][:, :length] != lists[1][:, :length]).any(axis=1).sum()
            )
            for length in LISTED
        },
        "ms_a_chip": round(our_ms, 1),
        "ms_a_chip_as_published": round(their_ms, 1),
    }


def by_onnx() -> Embed:
    """The network as the service runs it."""
    network = DlibNetwork()
    return lambda chip: np.asarray(network.embed([chip])[0])


def by_dlib() -> Embed:
    """The same weights in dlib."""
    import dlib

    network: Any = dlib.face_recognition_model_v1(str(verified_path(DLIB_RESNET)))
    return lambda chip: np.asarray(network.compute_face_descriptor(chip), dtype=np.float32)


def by_our_sface() -> Embed:
    """The graph the service runs."""
    network = SFaceNetwork()
    return lambda chip: np.asarray(network.embed([chip])[0])


def by_published_sface() -> Embed:
    """The zoo's file in the same runtime, as DeepFace runs it."""
    network = session(verified_path(SFACE).read_bytes())
    return lambda chip: np.asarray(
        network.run(None, {"data": crop(chip).astype(np.float32).transpose(2, 0, 1)[None]})[0][0]
    )


def _timed(run: Embed, chips: Sequence[Chip]) -> tuple[NDArray[np.float32], float]:
    """Vectors, and milliseconds of processor time a chip."""
    begun = time.process_time()
    vectors = np.array([run(chip) for chip in chips], dtype=np.float32)
    return vectors, 1000 * (time.process_time() - begun) / len(chips)


def _lists(vectors: NDArray[np.float32], edge: int) -> NDArray[np.int64]:
    scores = vectors[edge:].astype(np.float64) @ vectors[:edge].astype(np.float64).T
    return np.argsort(-scores, axis=1, kind="stable")[:, : max(LISTED)]


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gallery", type=Path, required=True)
    parser.add_argument("--probes", type=Path, required=True)
    parser.add_argument("--limit", type=int, help="this many of each at the most")
    asked = parser.parse_args()
    gallery = chips_of(read_rows(asked.gallery, {"gallery"})[: asked.limit])
    probes = chips_of(read_rows(asked.probes, {"probe", "nonmated"})[: asked.limit])
    print(json.dumps(compared(gallery, probes), indent=2))  # noqa: T201


if __name__ == "__main__":
    main()
