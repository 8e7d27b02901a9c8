"""{% load house %}: how times, statuses, fields and long lists are shown everywhere."""

from datetime import datetime, timedelta

from django import template
from django.core.paginator import Page
from django.forms import BaseForm, BoundField, CheckboxInput
from django.template.context import Context
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

register = template.Library()

# Tones of the tags: what needs somebody to act stands out, what is settled is calm.
TONES = {
    "good": ("delivered", "identified", "complete", "done", "open", "active", "enrolled", "accepted", "ok"),
    "info": (
        "with_officer", "looked_at_again", "checking", "searched", "running", "queued", "first_open",
        "second_open", "adjudication_open", "blind", "revealed", "received",
    ),
    "warn": (
        "needs_still", "no_face", "unsuitable", "unsuitable_circulate", "awaiting_first", "awaiting_second",
        "disputed", "marked", "due", "expired",
    ),
    "bad": ("held_up", "quarantined", "refused", "failed", "switched_off"),
    "special": ("possible", "refer"),
}  # fmt: skip
TONE_OF = {code: tone for tone, codes in TONES.items() for code in codes}


@register.simple_tag
def tag(code: str, label: str, tone: str = "") -> SafeString:
    """A status in a coloured pill: `{% tag status.code status.label %}`; unknown codes are neutral."""
    return format_html(
        '<span class="tag {}">{}</span>', tone or TONE_OF.get(str(code), "neutral"), label or code
    )


@register.filter
def when(moment: datetime | None) -> SafeString:
    """Date and time in the service's zone, e.g. 3 Nov 2026, 14:05; a dash where there is none."""
    return _time(moment, "%b %Y, %H:%M")


@register.filter
def day(moment: datetime | None) -> SafeString:
    """The date alone, e.g. 3 Nov 2026."""
    return _time(moment, "%b %Y")


def _time(moment: datetime | None, pattern: str) -> SafeString:
    if moment is None:
        return format_html("<span>{}</span>", "–")
    local = timezone.localtime(moment)
    return format_html(
        '<time datetime="{}">{} {}</time>',
        local.isoformat("T", "seconds"),
        local.day,
        local.strftime(pattern),
    )


UNITS = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))


@register.filter
def duration(length: timedelta | float | None) -> str:
    """A length of time (or seconds) in its two largest units: 8 s, 2 min 5 s, 3 h 10 min, 4 d 2 h."""
    if length is None:
        return "–"
    rest = int(length.total_seconds() if isinstance(length, timedelta) else length)
    counts: list[tuple[int, str]] = []
    for unit, size in UNITS:
        count, rest = divmod(rest, size)
        if count or counts:
            counts.append((count, unit))
    return " ".join(f"{count} {unit}" for count, unit in counts[:2] if count) or "0 s"


@register.simple_tag(takes_context=True)
def pagination(context: Context, page: Page, parameter: str = "page") -> SafeString:
    """Links to the other pages of a list; keeps the filters of the query string."""
    query = context["request"].GET.copy()
    query.pop(parameter, None)
    pages = page.paginator.get_elided_page_range(page.number, on_each_side=1, on_ends=1)
    before = f"?{query.urlencode()}&" if query else "?"
    values = {"page": page, "pages": list(pages), "link": f"{before}{parameter}="}
    return render_to_string("_pagination.html", values)


@register.filter
def is_checkbox(field: BoundField) -> bool:
    """Whether the field is one checkbox, whose label stands behind it."""
    return isinstance(field.field.widget, CheckboxInput)


@register.simple_tag
def errors_of(*forms: BaseForm | None) -> list[tuple[str, str]]:
    """(id to jump to, message) of every error in the forms; the id is empty for errors of no one field."""
    found: list[tuple[str, str]] = []
    for form in forms:
        if isinstance(form, BaseForm):  # a template's missing variable is ""
            for name, messages in form.errors.items():
                field = form[name] if name in form.fields else None
                found += [_problem(field, str(message)) for message in messages]
    return found


def _problem(field: BoundField | None, message: str) -> tuple[str, str]:
    return (_first_control(field), _named(field, message)) if field else ("", message)


def _named(field: BoundField, message: str) -> str:
    """Django's own messages say "This field is required": away from the field, name it."""
    return f"{field.label}: {message[0].lower()}{message[1:]}" if message.startswith("This ") else message


def _first_control(field: BoundField) -> str:
    return field.id_for_label or f"{field.auto_id}_0"
