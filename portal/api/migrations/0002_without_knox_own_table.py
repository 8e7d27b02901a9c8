"""knox makes its own token table even where another model replaces it. Empty it would only be in the way:
its foreign key to accounts keeps PostgreSQL from truncating them between tests."""

from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ("api", "0001_tokens_and_keys"),
        ("knox", "0009_extend_authtoken_field"),
    ]

    operations = [migrations.RunSQL("DROP TABLE IF EXISTS knox_authtoken", migrations.RunSQL.noop)]
