"""`kind: Provider` → a LiteLLM credential, `gw.<provider>`, with a reference to its secret."""

from aspire_gitops.catalog import Declared
from aspire_gitops.compiling.api import APIS
from aspire_gitops.compiling.fields import stated
from aspire_gitops.resources import ProviderSpec
from aspire_gitops.resources.provider import EnvCredentialSpec, FileCredentialSpec
from aspire_gitops.state import GatewayObject, Intent, Kind, ObjectKey, SecretReference

SECRET_FIELD = "credential_values.api_key"  # noqa: S105 (a field's name, not a secret)


def credential_name(provider: str) -> str:
    """Return the credential's name on the gateway; deployments refer to it."""
    return f"gw.{provider}"


def compile_credential(provider: Declared[ProviderSpec]) -> tuple[GatewayObject, Intent]:
    """Compile one provider that is in use. The secret itself never comes here."""
    spec = provider.spec
    name = credential_name(spec.name)
    fields = stated(
        {
            "credential_info.billing": spec.billing,
            # The admin page files a credential under this name.
            "credential_info.custom_llm_provider": APIS[spec.api].prefix,
            "credential_info.vendor": spec.vendor,
            "credential_values.api_base": APIS[spec.api].base_url(spec.base_url),
        }
    )
    intent = Intent(
        adopt=spec.adopt,
        secrets={SECRET_FIELD: _reference(spec.credential)},
        source=provider.document.path,
    )
    return GatewayObject(ObjectKey(Kind.CREDENTIAL, spec.name), name, fields, address=name), intent


def _reference(credential: EnvCredentialSpec | FileCredentialSpec) -> SecretReference:
    match credential:
        case EnvCredentialSpec(env=variable):
            return SecretReference("env", variable)
        case FileCredentialSpec(file=path):
            return SecretReference("file", path)
