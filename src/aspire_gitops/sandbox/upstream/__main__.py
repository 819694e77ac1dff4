"""Run the stand-in provider: `python -m aspire_gitops.sandbox.upstream --port PORT`."""

import argparse

from aspire_gitops.sandbox.upstream.server import UpstreamServer

parser = argparse.ArgumentParser(description="Serve a stand-in for every provider on loopback.")
parser.add_argument("--port", type=int, required=True)
UpstreamServer(parser.parse_args().port).serve_forever()
