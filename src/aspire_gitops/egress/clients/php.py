"""PHP's clients: classes, and static calls as `Class::method`."""

from collections.abc import Mapping

from aspire_gitops.egress.clients.client import (
    Client,
    Road,
)

_PHP_FIX = "OpenAI::factory()->withBaseUri({url})->withApiKey({key})->make()"


def _php_gone(provider: str, *base: str) -> Client:
    return Client(provider, base, road=Road.REPLACE, fix=_PHP_FIX)


PHP: Mapping[str, Client] = {
    "OpenAI::client": Client("OpenAI", fix=_PHP_FIX),
    "OpenAI::factory": Client("OpenAI", ("withBaseUri",), fix=_PHP_FIX),
    "OpenAI\\Laravel\\Facades\\OpenAI::": Client("OpenAI", (), ("OPENAI_BASE_URL",), fix="OPENAI_BASE_URL={bare} in the app's environment"),
    "Orhanerday\\OpenAi\\OpenAi": Client("OpenAI", ("setBaseURL",), fix=_PHP_FIX),
    **dict.fromkeys(("Anthropic::client", "Anthropic::factory"), Client("Anthropic", ("withBaseUri",), (), Road.ANTHROPIC, fix="Anthropic::factory()->withBaseUri({v1})->withApiKey({key})->make()")),
    "Anthropic\\Client": Client("Anthropic", ("baseUrl", "1"), ("ANTHROPIC_BASE_URL",), Road.ANTHROPIC, fix="new Anthropic\\Client(apiKey: {key}, baseUrl: {url})"),
    **dict.fromkeys(("Gemini::client", "Gemini::factory", "GeminiAPI\\Client"), _php_gone("Google Gemini", "withBaseUrl")),
    **dict.fromkeys(("Mistral::client", "Partitech\\PhpMistral\\MistralClient", "Partitech\\PhpMistral\\Clients\\Mistral\\MistralClient"), _php_gone("Mistral", "url")),
    "LLPhant\\OpenAIConfig": Client("OpenAI", ("url", "2"), ("OPENAI_BASE_URL",), fix="$config->url = {url}"),
    **dict.fromkeys(("Aws\\Textract\\TextractClient",), _php_gone("AWS Textract")),
    "Aws\\Rekognition\\RekognitionClient": _php_gone("AWS Rekognition"),
    "Aws\\BedrockRuntime\\BedrockRuntimeClient": _php_gone("AWS Bedrock"),
    **dict.fromkeys(("Google\\Cloud\\Vision\\V1\\ImageAnnotatorClient", "Google\\Cloud\\Vision\\V1\\Client\\ImageAnnotatorClient", "Google\\Cloud\\Vision\\VisionClient"), _php_gone("Google Vision")),
}  # fmt: skip
