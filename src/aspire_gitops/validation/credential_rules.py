"""A provider's credential is never one of the controller's own secrets."""

from collections.abc import Iterator

from aspire_gitops.catalog import Declared
from aspire_gitops.diagnostics import Diagnostic, Rule
from aspire_gitops.permitted import why_not_read, why_not_variable
from aspire_gitops.resources import ProviderSpec
from aspire_gitops.resources.provider import EnvCredentialSpec

OWN_SECRET = Rule("AG332", "own-secret")


def check_credential(provider: Declared[ProviderSpec]) -> Iterator[Diagnostic]:
    """Yield AG332. Whether a path leads to a file of the controller is asked again before use."""
    credential = provider.spec.credential
    if isinstance(credential, EnvCredentialSpec):
        field, named, why = "env", credential.env, why_not_variable(credential.env)
    else:
        field, named, why = "file", credential.file, why_not_read(credential.file)
    if why:
        yield OWN_SECRET.at(
            provider.span("credential", field),
            f'"{named}" {why}; what it holds would be sent to {provider.spec.vendor}',
            help="name a variable like CLOUD_FIRST_API_KEY or a file like "
            "/run/secrets/cloud-first that holds this provider's secret alone",
        )
