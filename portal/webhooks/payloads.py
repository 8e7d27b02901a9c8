"""What a message says: type, time, ids and a status code. Who acts on it asks the API with a token."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime


def body_of(event: str, at: datetime, data: Mapping[str, str]) -> str:
    """The JSON exactly as it is signed and sent (Standard Webhooks: type, timestamp, data)."""
    moment = at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return json.dumps({"type": event, "timestamp": moment, "data": dict(data)}, separators=(",", ":"))
