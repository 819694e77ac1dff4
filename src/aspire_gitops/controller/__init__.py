"""The daemon: one turn brings the gateway to git; the loop says when to take the next."""
