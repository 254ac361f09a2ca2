"""The approvals inbox and its detail view."""
