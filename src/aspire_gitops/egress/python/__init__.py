"""Python by its syntax tree: imports are followed, names are looked up, comments do not exist."""
