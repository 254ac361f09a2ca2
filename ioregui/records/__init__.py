"""Records in tables and as facts: what the drivers, extensions and approvals pages share."""
