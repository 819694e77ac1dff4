"""What LiteLLM loads: the compiled `config.yaml` names `aspire_ledger.hook.ledger`.

Importing it opens the ledger; if that cannot be done the proxy does not start.
"""

import os

from aspire_ledger.callback import open_ledger

ledger = open_ledger(os.environ)
