import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("submissions", "0004_refused_uploads_of_a_submission")]
    operations = [
        migrations.AlterField(
            model_name="refusedupload",
            name="submission",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="refused_uploads",
                to="submissions.submission",
            ),
        )
    ]
