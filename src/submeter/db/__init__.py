"""The database: the embedded server, one caller's transaction, migrations, backup."""
