"""Statistics on arrays and tables: no files, no figures, no network."""
