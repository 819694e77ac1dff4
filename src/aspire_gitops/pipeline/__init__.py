"""The only composition of source, catalog, compiled objects and plan; commands and the controller call it.

`choice` says what is asked for, `catalog` reads and checks it, `plan` compiles it
and compares it with a gateway, `change` puts two revisions beside each other.
The one moment that dates are judged by enters here, in the Gateway's timezone.
Four files, so that `--help` starts without the checks, and `validate` without
the compiler.
"""
