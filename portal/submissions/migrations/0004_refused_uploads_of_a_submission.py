"""Files that were refused before there was an offender to refuse them for."""

from django.db import migrations
from django.db.models import OuterRef, Subquery


def fill(apps, schema_editor):
    offenders = apps.get_model("submissions", "Offender")
    refused = apps.get_model("submissions", "RefusedUpload")
    of = offenders.objects.filter(pk=OuterRef("offender_id")).values("submission_id")[:1]
    refused.objects.filter(submission=None).update(submission_id=Subquery(of))


class Migration(migrations.Migration):
    dependencies = [("submissions", "0003_tray_and_uploads")]
    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
