"""Python by its syntax tree: follows imports and names, ignores comments."""
