"""Templates of another version of a model are found without reading all of them."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """One index."""

    dependencies = [("gallery", "0001_initial")]
    operations = [
        migrations.AddIndex(
            model_name="template",
            index=models.Index(fields=["model", "model_version"], name="template_by_version"),
        )
    ]
