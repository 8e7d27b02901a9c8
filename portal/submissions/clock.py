"""What a recorder's clock shows, and when it really was."""

from datetime import datetime, timedelta


def really(shown: datetime, fast_minutes: int) -> datetime:
    """The true moment of what a clock shows that is `fast_minutes` fast (negative: slow)."""
    return shown - timedelta(minutes=fast_minutes)


def clock_error(fast_minutes: int) -> str:
    """In words: "is 7 minutes fast"; empty where the clock is right."""
    if not fast_minutes:
        return ""
    minutes = abs(fast_minutes)
    return f"is {minutes} minute{'' if minutes == 1 else 's'} {'fast' if fast_minutes > 0 else 'slow'}"
