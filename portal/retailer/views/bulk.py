"""The bulk form: the template, the filled-in table with its zip, and what became of each row."""

from collections.abc import Callable

from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from portal.accounts.access import SignedInRequest, for_retailers
from portal.audit.log import record
from portal.audit.tags import Tag
from portal.retailer.forms import BulkForm, posted
from portal.retailer.queries import bulk_uploads_for, campaigns_for, offenders_for
from portal.submissions.actions import SubmissionRefused, accepts_submissions, start_submission
from portal.submissions.bulk.actions import KEPT_DAYS, take_table
from portal.submissions.bulk.archives import ArchiveRefused
from portal.submissions.bulk.columns import columns_for
from portal.submissions.bulk.tables import MAX_BYTES
from portal.submissions.bulk.templates import bad_rows_csv, bad_rows_xlsx, template_csv, template_xlsx
from portal.submissions.models import BulkUpload, Campaign

get_or_post = require_http_methods(["GET", "HEAD", "POST"])
TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
PAGE = 50
Make = Callable[[], bytes]


@for_retailers
@get_or_post
def bulk(request: SignedInRequest, uid: str) -> HttpResponse:
    """Send a filled-in table; its good rows become drafts at once."""
    campaign = get_object_or_404(campaigns_for(request.user), uid=uid)
    form = BulkForm(*posted(request))
    if request.method == "POST" and form.is_valid():
        upload = _taken(request, campaign, form)
        if upload is not None:
            return redirect("retailer:bulk-result", uid=upload.uid)
    context = {
        "campaign": campaign,
        "open": accepts_submissions(campaign),
        "form": form,
        "columns": columns_for(list(request.user.organisation.stores.all())),
        "uploads": bulk_uploads_for(request.user).filter(submission__campaign=campaign)[:10],
        "days": KEPT_DAYS,
    }
    return render(request, "retailer/bulk.html", context)


def _taken(request: SignedInRequest, campaign: Campaign, form: BulkForm) -> BulkUpload | None:
    table, archive = form.cleaned_data["table"], form.cleaned_data["archive"]
    try:
        submission = start_submission(campaign, by=request.user)
        content = table.read(MAX_BYTES + 1)
        return take_table(submission, content, table.name, archive, by=request.user)
    except ArchiveRefused as error:
        form.add_error("archive" if archive else "table", error.message)
    except SubmissionRefused as error:
        form.add_error("table", error.message)
    return None


def _file(kind: str, name: str, **make: Make) -> HttpResponse:
    """A table to download; 404 for a kind there is none of."""
    if kind not in make:
        raise Http404
    answer = HttpResponse(make[kind](), content_type=TYPES[kind])
    answer["Content-Disposition"] = f'attachment; filename="{name}.{kind}"'
    answer["Cache-Control"] = "private, no-store"
    return answer


@for_retailers
@require_safe
def bulk_template(request: SignedInRequest, uid: str, kind: str) -> HttpResponse:
    """The table to fill in, with this retailer's stores to choose from."""
    get_object_or_404(campaigns_for(request.user), uid=uid)
    stores = list(request.user.organisation.stores.all())
    return _file(kind, "offenders", csv=lambda: template_csv(stores), xlsx=lambda: template_xlsx(stores))


@for_retailers
@require_safe
def bulk_result(request: SignedInRequest, uid: str) -> HttpResponse:
    """What became of each row of a table: the offender it is now, or all that is wrong with it."""
    upload = get_object_or_404(bulk_uploads_for(request.user), uid=uid)
    there = offenders_for(request.user).filter(uid__in=[one["offender"] for one in upload.kept])
    titles = {str(one.uid): one.title for one in there}
    kept = [{**one, "title": titles.get(one["offender"], "")} for one in upload.kept]
    page = Paginator(upload.problems, PAGE).get_page(request.GET.get("page"))
    context = {
        "upload": upload,
        "campaign": upload.submission.campaign,
        "kept": kept,
        "page": page,
        "days": KEPT_DAYS,
    }
    return render(request, "retailer/bulk_result.html", context)


@for_retailers
@require_safe
def bulk_rest(request: SignedInRequest, uid: str, kind: str) -> HttpResponse:
    """The rows to put right as a table, so that nothing has to be typed again."""
    upload = get_object_or_404(bulk_uploads_for(request.user), uid=uid)
    stores = list(request.user.organisation.stores.all())
    answer = _file(
        kind,
        "rows-to-put-right",
        csv=lambda: bad_rows_csv(upload, stores),
        xlsx=lambda: bad_rows_xlsx(upload, stores),
    )
    record(Tag.EXPORTED, actor=request.user, subject=upload, what="rows to put right", kind=kind)
    return answer
