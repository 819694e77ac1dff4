"""Find where an app bypasses the gateway: direct clients, provider hosts, keys and their variables.

The core is pure: a text in, findings out (`scanning`, and one scanner per language).
`folder` is its edge: it walks folders and reads files. The command combines both
with the reviewed exceptions.
"""
