"""A review for people and machines: one sentence, one table, and details that fold away."""
