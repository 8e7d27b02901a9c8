"""The force of every decision there is: that of the campaign its offender was reported to."""

from django.db import migrations
from django.db.models import OuterRef, Subquery


def fill(apps, schema_editor):
    offenders = apps.get_model("submissions", "Offender")
    decisions = apps.get_model("reviews", "Decision")
    force = offenders.objects.filter(pk=OuterRef("offender_id")).values("submission__campaign__force_id")
    decisions.objects.filter(force=None).update(force_id=Subquery(force[:1]))


class Migration(migrations.Migration):
    dependencies = [
        ("reviews", "0006_force_of_a_decision"),
        ("submissions", "0010_offender_of_whom"),
    ]
    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
