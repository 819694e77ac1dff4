"""The only composition of source, catalog, compiled objects and plan; commands and the controller call it.

`catalog` chooses, reads and checks the files, `plan` compiles them
and compares the result with a gateway, `change` puts two revisions beside each other.
The one moment that dates are judged by enters here, in the Gateway's timezone.
Three files, so that `--help` starts without the checks, and `validate` without
the compiler.
"""
