"""A month's spend: tables, CSV, and the statement."""
