"""At most one writer: a lock in the state folder, or an advisory lock in PostgreSQL."""
