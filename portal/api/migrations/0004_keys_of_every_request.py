"""A key stands for whatever its request made or changed, by uid; those of the last days keep their offender."""

from typing import Any

from django.db import migrations, models


def name_by_uid(apps: Any, _editor: Any) -> None:
    for key in apps.get_model("api", "CreationKey").objects.select_related("offender").exclude(offender=None):
        key.subject = key.offender.uid
        key.save(update_fields=["subject"])


class Migration(migrations.Migration):

    dependencies = [("api", "0003_token_scopes")]

    operations = [
        migrations.AddField(
            "creationkey", "subject", models.UUIDField("uid of what it made or changed", null=True)
        ),
        migrations.RunPython(name_by_uid, migrations.RunPython.noop),
        migrations.RemoveField("creationkey", "offender"),
    ]
