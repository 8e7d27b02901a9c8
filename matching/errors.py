"""Everything that can go wrong, in one tree.

    MatchingError
    ├── RejectedImage            a person reads it: what is wrong and what to send instead
    ├── EngineFault              an operator reads it; the worker may try again
    │   ├── WeightsMissing       no weights where the settings say; uploads are still accepted
    │   ├── WeightsMismatch      weights whose sha256 is not the pinned one
    │   └── DecoderUnavailable   the bounded decoding process cannot be started
    └── IndexFault               the derived index cannot answer; it can always be rebuilt
        ├── IndexStale           it has not yet reached the sequence number asked for
        ├── IndexCorrupt         missing, truncated or its checksum is wrong
        └── IndexForeign         built for another model, grid or database

A dependency's exceptions are mapped to these at the boundary; callers never catch Pillow's, dlib's or
ONNX's own.
"""


class MatchingError(Exception):
    """Root of the tree."""


class RejectedImage(MatchingError):
    """The file cannot be used. `code` is stable snake_case for the API, `message` a sentence for a shop
    manager.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message

    def __reduce__(self) -> tuple[type["RejectedImage"], tuple[str, str]]:
        return type(self), (self.code, self.message)


class EngineFault(MatchingError):
    """The engine failed, not the image: retry, then quarantine."""


class WeightsMissing(EngineFault):
    """No weights file where one is expected."""


class WeightsMismatch(EngineFault):
    """A weights file whose content is not the one this release was measured with."""


class DecoderUnavailable(EngineFault):
    """The bounded decoding process cannot be started or has gone away."""


class IndexFault(MatchingError):
    """The derived index cannot answer; the database still can rebuild it."""


class IndexStale(IndexFault):
    """The index has not reached the sequence number the database asks for."""


class IndexCorrupt(IndexFault):
    """The index is missing, truncated, or its checksum is wrong."""


class IndexForeign(IndexFault):
    """The index belongs to another model, grid or database."""
