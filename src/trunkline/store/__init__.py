"""SQL: SQLite by default, PostgreSQL by URL. Provisioning, bindings, CDRs, registration events and migrations."""
