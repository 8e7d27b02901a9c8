"""Whose decision it is, kept with it: the queue counts and orders tens of thousands from one table.

In three steps: PostgreSQL alters no table in the transaction that has just filled it.
"""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0003_clock_of_a_store"),
        ("reviews", "0005_reviews_by_completion"),
    ]
    operations = [
        migrations.AddField(
            model_name="decision",
            name="force",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="accounts.organisation",
            ),
        ),
    ]
