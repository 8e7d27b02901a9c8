"""Tokens that exist go on doing what they could do: send reports and follow them."""

from typing import Any

from django.db import migrations, models

BEFORE_SCOPES = ["submissions:read", "submissions:write"]


def keep_what_they_could(apps: Any, _editor: Any) -> None:
    apps.get_model("api", "Token").objects.update(scopes=BEFORE_SCOPES)


class Migration(migrations.Migration):

    dependencies = [("api", "0002_without_knox_own_table")]

    operations = [
        migrations.AddField(
            model_name="token",
            name="scopes",
            field=models.JSONField(default=list, help_text="values of portal.api.scopes.Scope"),
        ),
        migrations.RunPython(keep_what_they_could, migrations.RunPython.noop),
    ]
