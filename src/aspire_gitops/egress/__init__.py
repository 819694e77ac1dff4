"""Find where an app goes around the gateway: direct clients, hosts, keys and their variables.

The core is pure: a text in, findings out (`scanning`, and one scanner for each
language). `tree/` is its edge: it walks folders and reads files. The command
composes both with the reviewed exceptions.
"""
