"""Where programs, sockets and data may live."""

import importlib.util
import tempfile
from pathlib import Path

LONGEST_SOCKET_PATH = 107  # bytes, sun_path of unix(7) less its NUL


def package_dir(name: str) -> Path:
    """Directory of an installed package, found without importing it. Raises ModuleNotFoundError."""
    spec = importlib.util.find_spec(name)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(name)
    return Path(spec.origin).parent


def socket_dir(preferred: Path, *, file_name: str) -> Path:
    """`preferred` if the path of `file_name` in it is short enough, else a new private temporary one."""
    if len(str(preferred / file_name).encode()) <= LONGEST_SOCKET_PATH:
        return preferred
    return Path(tempfile.mkdtemp(prefix="stillmatch-"))


def reachable_by_others(path: Path) -> bool:
    """Whether an account that owns nothing can walk to `path`."""
    return all(step.stat().st_mode & 0o001 for step in (path.resolve(), *path.resolve().parents))
