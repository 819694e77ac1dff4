"""Run Node.js or its npm: the machine's, or the packaged one.

python ci/node.py node FILE [ARGUMENT]...
python ci/node.py npm [ARGUMENT]...
"""

import os
import sys

from aspire_gitops.sandbox import PrerequisiteMissing
from aspire_gitops.sandbox.node import find_node


def main() -> None:
    """Become that program; end with 64 after wrong usage, with 1 where there is no Node.js."""
    match sys.argv[1:]:
        case ["node" | "npm" as name, *arguments]:
            pass
        case _:
            print(__doc__, file=sys.stderr)
            sys.exit(64)
    try:
        node = find_node()
    except PrerequisiteMissing as missing:
        sys.exit(str(missing))
    program = node.npm if name == "npm" else (str(node.program),)
    os.execvpe(program[0], (*program, *arguments), node.environment())


if __name__ == "__main__":
    main()
