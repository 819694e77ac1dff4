"""A plan for people: on a terminal, and under a pull request."""
