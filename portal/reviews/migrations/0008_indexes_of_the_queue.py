import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("reviews", "0007_decisions_know_their_force")]
    operations = [
        migrations.AlterField(
            model_name="decision",
            name="force",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="accounts.organisation",
            ),
        ),
        migrations.AddIndex(
            model_name="decision",
            index=models.Index(fields=["force", "state"], name="decisions_of_a_force"),
        ),
        migrations.AddIndex(
            model_name="decision",
            index=models.Index(
                condition=models.Q(("state", "decided"), _negated=True),
                fields=["force", "state", "offender", "id", "entered_at"],
                name="open_decisions",
            ),
        ),
    ]
