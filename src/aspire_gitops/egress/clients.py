"""Every client that we know: whom it calls, where it takes an address, how it is pointed at the gateway.

Data only, no logic beyond the lookup: a new SDK is a row. A row's name is what the import leads to
(`openai.OpenAI`); a last part alone counts anywhere below the package, because
packages move their modules (`langchain_openai.chat_models.base.ChatOpenAI`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cache

OPENAI_FIXES: Mapping[str, str] = {
    "python": "OpenAI(base_url={url}, api_key={key})",
    "javascript": "new OpenAI({{ baseURL: {url}, apiKey: {key} }})",
    "php": "OpenAI::factory()->withBaseUri({url})->withApiKey({key})->make()",
    "go": "openai.NewClient(option.WithBaseURL({url}), option.WithAPIKey({key}))",
}
"""How each language makes OpenAI's own client: the fix for every client that has to be replaced."""

OPENAI_VARIABLES = ("OPENAI_BASE_URL",)
BOTH = ("OPENAI_API_BASE", "OPENAI_BASE_URL")
ANTHROPIC_VARIABLES = ("ANTHROPIC_BASE_URL", "ANTHROPIC_API_URL")
_JS_LANGCHAIN_FIX = (
    'new ChatOpenAI({{ model: "<alias>", apiKey: {key}, configuration: {{ baseURL: {url} }} }})'
)


class Road(StrEnum):
    """How a client reaches the gateway."""

    OPENAI = "openai"  # speaks OpenAI's protocol and takes an address
    ANTHROPIC = "anthropic"  # Anthropic's protocol; the address is without /v1
    REPLACE = "replace"  # it cannot reach the gateway: another client replaces it


@dataclass(frozen=True, slots=True)
class Client:
    """One way to make a client.

    `base` are the arguments that take an address, the one that we suggest first;
    `variables` the environment variables that it reads one from by itself.
    `own_endpoint`: its address is the provider's own resource unless the code
    clearly says otherwise (Azure).
    """

    provider: str
    base: tuple[str, ...] = ()
    variables: tuple[str, ...] = ()
    road: Road = Road.OPENAI
    own_endpoint: bool = False
    fix: str | None = None  # `{url}` and `{key}` are filled in


def find_client(language: str, name: str) -> str | None:
    """Return the name of the row for what an import leads to, or None.

    `langchain_openai.chat_models.base.ChatOpenAI` finds `langchain_openai.ChatOpenAI`:
    the row's package may have modules between it and the name.
    """
    if name in TABLES[language]:
        return name
    package, _, last = name.rpartition(".")
    for row in by_last_part(language).get(last, ()):
        owner = row.rpartition(".")[0]
        if package.startswith((f"{owner}.", f"{owner}/")):
            return row
    return None


@cache
def by_last_part(language: str) -> Mapping[str, tuple[str, ...]]:
    """Return the rows of a language by the last part of their names: `OpenAI` → its rows."""
    found: dict[str, list[str]] = {}
    for name in TABLES[language]:
        found.setdefault(name.rsplit(".", 1)[-1], []).append(name)
    return {last: tuple(sorted(names, key=len, reverse=True)) for last, names in found.items()}


def _replaced(provider: str, *base: str) -> Client:
    return Client(provider, base, road=Road.REPLACE)


def _legacy(name: str) -> Client:
    return Client("OpenAI", ("base_url", "api_base"), BOTH, fix=name)


_OPENAI = Client("OpenAI", ("base_url",), OPENAI_VARIABLES)
_AZURE = Client("Azure OpenAI", ("azure_endpoint", "base_url", "endpoint"), ("AZURE_OPENAI_ENDPOINT", "OPENAI_BASE_URL"), own_endpoint=True, fix=OPENAI_FIXES["python"])  # fmt: skip
_ANTHROPIC = Client("Anthropic", ("base_url",), ANTHROPIC_VARIABLES, Road.ANTHROPIC)
_GENAI = Client("Google Gemini", ("http_options.base_url", "http_options.base", "client_options.api_endpoint"), road=Road.REPLACE)  # fmt: skip
_LANGCHAIN = Client("OpenAI", ("base_url", "openai_api_base"), BOTH)
_LITELLM = Client(
    "a provider that LiteLLM chooses by the model's name",
    ("api_base", "base_url"),
    ("OPENAI_API_BASE", "OPENAI_BASE_URL", "LITELLM_PROXY_API_BASE"),
    fix='litellm.completion(model="openai/<alias>", api_base={url}, api_key={key})',
)
PYTHON: Mapping[str, Client] = {
    **dict.fromkeys(
        (
            "openai.OpenAI", "openai.AsyncOpenAI", "openai.Client", "openai.AsyncClient",
            "langfuse.openai.OpenAI", "langfuse.openai.AsyncOpenAI",
            "langsmith.wrappers.OpenAI", "posthog.ai.openai.OpenAI",
        ),
        _OPENAI,
    ),
    **dict.fromkeys(
        (
            "openai.AzureOpenAI", "openai.AsyncAzureOpenAI", "openai.lib.azure.AzureOpenAI",
            "langchain_openai.AzureChatOpenAI", "langchain_openai.AzureOpenAIEmbeddings", "langchain_openai.AzureOpenAI",
            "langchain_community.AzureChatOpenAI", "langchain.AzureChatOpenAI",
            "llama_index.llms.azure_openai.AzureOpenAI", "llama_index.embeddings.azure_openai.AzureOpenAIEmbedding",
            "azure.ai.inference.ChatCompletionsClient", "azure.ai.inference.EmbeddingsClient",
            "azure.ai.openai.OpenAIClient",
        ),
        _AZURE,
    ),
    **dict.fromkeys(
        (
            "openai.chat.completions.create", "openai.completions.create", "openai.embeddings.create", "openai.responses.create", "openai.images.generate", "openai.audio.transcriptions.create",
            "openai.ChatCompletion.create", "openai.ChatCompletion.acreate", "openai.Completion.create", "openai.Completion.acreate", "openai.Embedding.create", "openai.Embedding.acreate", "openai.Image.create", "openai.Audio.transcribe",
        ),
        _legacy("openai.base_url = {url}"),
    ),
    **dict.fromkeys(("anthropic.Anthropic", "anthropic.AsyncAnthropic", "anthropic.Client", "anthropic.AsyncClient"), _ANTHROPIC),
    **dict.fromkeys(("anthropic.AnthropicBedrock", "anthropic.AsyncAnthropicBedrock"), _replaced("AWS Bedrock", "base_url")),
    **dict.fromkeys(("anthropic.AnthropicVertex", "anthropic.AsyncAnthropicVertex"), _replaced("Google Vertex AI", "base_url")),
    "google.genai.Client": _GENAI,
    **dict.fromkeys(("google.generativeai.GenerativeModel", "google.generativeai.embed_content", "google.generativeai.configure"), _replaced("Google Gemini")),
    **dict.fromkeys(("vertexai.GenerativeModel", "vertexai.generative_models.GenerativeModel", "vertexai.preview.generative_models.GenerativeModel", "vertexai.TextEmbeddingModel", "google.cloud.aiplatform.Endpoint"), _replaced("Google Vertex AI")),
    **dict.fromkeys(("mistralai.Mistral", "mistralai.client.MistralClient", "mistralai.async_client.MistralAsyncClient"), replace(_replaced("Mistral"), base=("server_url", "endpoint"))),
    **dict.fromkeys(("cohere.Client", "cohere.ClientV2", "cohere.AsyncClient", "cohere.AsyncClientV2"), replace(_replaced("Cohere"), base=("base_url",))),
    **dict.fromkeys(("cohere.BedrockClient", "cohere.SagemakerClient", "cohere.BedrockClientV2"), _replaced("AWS Bedrock")),
    **dict.fromkeys(("groq.Groq", "groq.AsyncGroq", "groq.Client"), Client("Groq", ("base_url",), (), fix=OPENAI_FIXES["python"])),
    **dict.fromkeys(("together.Together", "together.AsyncTogether"), Client("Together", ("base_url",), (), fix=OPENAI_FIXES["python"])),
    **dict.fromkeys(("cerebras.cloud.sdk.Cerebras", "cerebras.cloud.sdk.AsyncCerebras"), Client("Cerebras", ("base_url",), (), fix=OPENAI_FIXES["python"])),
    **dict.fromkeys(("replicate.Client", "replicate.run", "replicate.async_run", "replicate.stream"), _replaced("Replicate")),
    **dict.fromkeys(("huggingface_hub.InferenceClient", "huggingface_hub.AsyncInferenceClient"), Client("Hugging Face", ("base_url", "model"), fix=OPENAI_FIXES["python"])),
    **dict.fromkeys(("fireworks.client.Fireworks", "fireworks.client.AsyncFireworks"), Client("Fireworks", ("base_url",), fix=OPENAI_FIXES["python"])),
    **dict.fromkeys(("dashscope.Generation.call", "dashscope.MultiModalConversation.call", "dashscope.TextEmbedding.call", "dashscope.aigc.generation.Generation.call", "dashscope.ImageSynthesis.call"), _replaced("Alibaba DashScope")),
    **dict.fromkeys(("zhipuai.ZhipuAI", "zai.ZaiClient"), Client("Zhipu", ("base_url",), fix=OPENAI_FIXES["python"])),
    "xai_sdk.Client": _replaced("xAI", "api_host"),
    "xai_sdk.AsyncClient": _replaced("xAI", "api_host"),
    **dict.fromkeys(("voyageai.Client", "voyageai.AsyncClient"), _replaced("Voyage", "base_url")),
    "ai21.AI21Client": _replaced("AI21"),
    **dict.fromkeys(("litellm.completion", "litellm.acompletion", "litellm.embedding", "litellm.aembedding", "litellm.responses", "litellm.aresponses", "litellm.image_generation", "litellm.text_completion", "litellm.atext_completion", "litellm.batch_completion", "litellm.ocr", "litellm.aocr", "litellm.rerank"), _LITELLM),
    **dict.fromkeys(("langchain_openai.ChatOpenAI", "langchain_openai.OpenAI", "langchain_openai.OpenAIEmbeddings", "langchain.ChatOpenAI", "langchain.OpenAI", "langchain.OpenAIEmbeddings", "langchain_community.ChatOpenAI", "langchain_community.OpenAI", "langchain_community.OpenAIEmbeddings"), _LANGCHAIN),
    **dict.fromkeys(("langchain_anthropic.ChatAnthropic", "langchain_community.ChatAnthropic", "langchain.ChatAnthropic"), Client("Anthropic", ("base_url", "anthropic_api_url"), ANTHROPIC_VARIABLES, Road.ANTHROPIC)),
    **dict.fromkeys(("langchain_google_genai.ChatGoogleGenerativeAI", "langchain_google_genai.GoogleGenerativeAIEmbeddings", "langchain_google_genai.GoogleGenerativeAI"), replace(_replaced("Google Gemini"), base=("base_url", "client_options.api_endpoint"), fix="ChatOpenAI(base_url={url}, api_key={key})")),
    **dict.fromkeys(("langchain_google_vertexai.ChatVertexAI", "langchain_google_vertexai.VertexAIEmbeddings"), replace(_replaced("Google Vertex AI"), fix="ChatOpenAI(base_url={url}, api_key={key})")),
    **dict.fromkeys(("langchain_mistralai.ChatMistralAI", "langchain_mistralai.MistralAIEmbeddings"), replace(_replaced("Mistral"), base=("endpoint", "base_url"), fix="ChatOpenAI(base_url={url}, api_key={key})")),
    "langchain_groq.ChatGroq": Client("Groq", ("base_url", "groq_api_base"), (), fix="ChatOpenAI(base_url={url}, api_key={key})"),
    **dict.fromkeys(("langchain_cohere.ChatCohere", "langchain_cohere.CohereEmbeddings", "langchain_cohere.CohereRerank"), replace(_replaced("Cohere"), base=("base_url",), fix="ChatOpenAI(base_url={url}, api_key={key})")),
    **dict.fromkeys(("langchain_aws.ChatBedrock", "langchain_aws.ChatBedrockConverse", "langchain_aws.BedrockEmbeddings"), replace(_replaced("AWS Bedrock"), fix="ChatOpenAI(base_url={url}, api_key={key})")),
    "langchain_deepseek.ChatDeepSeek": Client("DeepSeek", ("api_base", "base_url"), (), fix="ChatOpenAI(base_url={url}, api_key={key})"),
    "langchain_xai.ChatXAI": Client("xAI", ("xai_api_base",), fix="ChatOpenAI(base_url={url}, api_key={key})"),
    **dict.fromkeys(("langchain.chat_models.init_chat_model", "langchain.init_chat_model"), Client("a provider that LangChain chooses by the model's name", ("base_url", "openai_api_base"), BOTH, fix='init_chat_model("<alias>", model_provider="openai", base_url={url}, api_key={key})')),
    **dict.fromkeys(("llama_index.llms.openai.OpenAI", "llama_index.embeddings.openai.OpenAIEmbedding", "llama_index.llms.OpenAI", "llama_index.embeddings.OpenAIEmbedding"), Client("OpenAI", ("api_base",), BOTH)),
    "llama_index.llms.anthropic.Anthropic": Client("Anthropic", ("base_url",), ANTHROPIC_VARIABLES, Road.ANTHROPIC),
    **dict.fromkeys(("llama_index.llms.gemini.Gemini", "llama_index.llms.google_genai.GoogleGenAI"), _replaced("Google Gemini")),
    "llama_index.llms.mistralai.MistralAI": _replaced("Mistral", "endpoint"),
    "llama_index.llms.groq.Groq": Client("Groq", ("api_base",)),
    **dict.fromkeys(("llama_parse.LlamaParse", "llama_cloud_services.LlamaParse"), _replaced("LlamaParse", "base_url")),
    **dict.fromkeys(("pydantic_ai.providers.openai.OpenAIProvider",), Client("OpenAI", ("base_url", "openai_client"), OPENAI_VARIABLES)),
    "pydantic_ai.providers.anthropic.AnthropicProvider": Client("Anthropic", ("base_url", "anthropic_client"), ANTHROPIC_VARIABLES, Road.ANTHROPIC),
    **dict.fromkeys(("pydantic_ai.models.openai.OpenAIModel", "pydantic_ai.models.openai.OpenAIChatModel", "pydantic_ai.models.openai.OpenAIResponsesModel"), Client("OpenAI", ("provider",), OPENAI_VARIABLES, fix='OpenAIChatModel("<alias>", provider=OpenAIProvider(base_url={url}, api_key={key}))')),
    "instructor.from_provider": Client("a provider that instructor chooses by the model's name", ("base_url",), OPENAI_VARIABLES, fix="instructor.from_openai(OpenAI(base_url={url}, api_key={key}))"),
    "dspy.LM": replace(_LITELLM, fix='dspy.LM("openai/<alias>", api_base={url}, api_key={key})'),
    "crewai.LLM": replace(_LITELLM, base=("base_url", "api_base"), fix='LLM(model="openai/<alias>", base_url={url}, api_key={key})'),
    "smolagents.LiteLLMModel": replace(_LITELLM, fix='LiteLLMModel(model_id="openai/<alias>", api_base={url}, api_key={key})'),
    **dict.fromkeys(("smolagents.OpenAIServerModel", "smolagents.OpenAIModel"), Client("OpenAI", ("api_base",), OPENAI_VARIABLES)),
    **dict.fromkeys(("smolagents.InferenceClientModel", "smolagents.HfApiModel"), replace(_replaced("Hugging Face"), base=("base_url",), fix='OpenAIServerModel(model_id="<alias>", api_base={url}, api_key={key})')),
    **dict.fromkeys(("agno.models.openai.OpenAIChat", "phi.model.openai.OpenAIChat"), Client("OpenAI", ("base_url", "client"), OPENAI_VARIABLES)),
    "autogen_ext.models.openai.OpenAIChatCompletionClient": Client("OpenAI", ("base_url",), OPENAI_VARIABLES),
    **dict.fromkeys(("haystack.components.generators.OpenAIGenerator", "haystack.components.generators.chat.OpenAIChatGenerator", "haystack.components.embedders.OpenAITextEmbedder", "haystack.components.embedders.OpenAIDocumentEmbedder"), Client("OpenAI", ("api_base_url",), OPENAI_VARIABLES)),
    "semantic_kernel.connectors.ai.open_ai.OpenAIChatCompletion": Client("OpenAI", ("async_client",), fix='OpenAIChatCompletion(ai_model_id="<alias>", async_client=AsyncOpenAI(base_url={url}, api_key={key}))'),
    **{f"boto3.client:{service}": _replaced(name) for service, name in (("textract", "AWS Textract"), ("rekognition", "AWS Rekognition"), ("bedrock-runtime", "AWS Bedrock"), ("bedrock-agent-runtime", "AWS Bedrock"))},
    **dict.fromkeys(("google.cloud.vision.ImageAnnotatorClient", "google.cloud.vision.ImageAnnotatorAsyncClient"), _replaced("Google Vision")),
    **dict.fromkeys(("google.cloud.documentai.DocumentProcessorServiceClient", "google.cloud.documentai_v1.DocumentProcessorServiceClient"), _replaced("Google Document AI")),
    **dict.fromkeys(("azure.cognitiveservices.vision.computervision.ComputerVisionClient", "azure.ai.vision.imageanalysis.ImageAnalysisClient", "azure.ai.documentintelligence.DocumentIntelligenceClient", "azure.ai.formrecognizer.DocumentAnalysisClient", "azure.ai.formrecognizer.FormRecognizerClient"), _replaced("Azure AI services")),
}  # fmt: skip
_JS_OPENAI = Client("OpenAI", ("baseURL",), OPENAI_VARIABLES)


def _vercel(
    package: str, name: str, provider: str, *variables: str, base: str = "baseURL"
) -> Mapping[str, Client]:
    """Return the rows of one provider package: its factory, and the ready-made one that it exports."""
    creator = f"create{name}"
    road = Road.ANTHROPIC if provider == "Anthropic" else Road.OPENAI
    fix = (
        "createAnthropic({{ baseURL: {v1}, apiKey: {key} }})"
        if road is Road.ANTHROPIC
        else "createOpenAI({{ baseURL: {url}, apiKey: {key} }})"
    )
    own = name[0].lower() + name[1:]
    made = Client(provider, (base,), variables, road, fix=fix)
    ready = replace(made, base=())
    default = {
        "GoogleGenerativeAI": "google",
        "OpenAI": "openai",
        "XAI": "xai",
        "DeepSeek": "deepseek",
        "TogetherAI": "togetherai",
        "AmazonBedrock": "bedrock",
        "DeepInfra": "deepinfra",
    }.get(name, own)
    return {f"{package}.{creator}": made, f"{package}.{default}()": ready}  # fmt: skip


JAVASCRIPT: Mapping[str, Client] = {
    **dict.fromkeys(("openai.default", "openai.OpenAI"), _JS_OPENAI),
    **dict.fromkeys(("openai.AzureOpenAI", "@azure/openai.OpenAIClient", "@langchain/openai.AzureChatOpenAI", "@langchain/openai.AzureOpenAIEmbeddings", "@langchain/openai.AzureOpenAI"), Client("Azure OpenAI", ("endpoint", "baseURL", "0"), ("AZURE_OPENAI_ENDPOINT", "OPENAI_BASE_URL"), own_endpoint=True, fix=OPENAI_FIXES["javascript"])),
    **dict.fromkeys(("@anthropic-ai/sdk.default", "@anthropic-ai/sdk.Anthropic"), Client("Anthropic", ("baseURL",), ("ANTHROPIC_BASE_URL",), Road.ANTHROPIC)),
    **dict.fromkeys(("@anthropic-ai/bedrock-sdk.default", "@anthropic-ai/bedrock-sdk.AnthropicBedrock"), _replaced("AWS Bedrock")),
    **dict.fromkeys(("@anthropic-ai/vertex-sdk.default", "@anthropic-ai/vertex-sdk.AnthropicVertex"), _replaced("Google Vertex AI")),
    "@google/generative-ai.GoogleGenerativeAI": _replaced("Google Gemini"),
    "@google/genai.GoogleGenAI": replace(_replaced("Google Gemini"), base=("httpOptions.baseUrl",)),
    **dict.fromkeys(("@google-cloud/vertexai.VertexAI",), _replaced("Google Vertex AI")),
    **dict.fromkeys(("@mistralai/mistralai.Mistral", "@mistralai/mistralai.default", "@mistralai/mistralai.MistralClient"), replace(_replaced("Mistral"), base=("serverURL", "1"))),
    **dict.fromkeys(("cohere-ai.CohereClient", "cohere-ai.CohereClientV2"), replace(_replaced("Cohere"), base=("environment", "baseUrl"))),
    **dict.fromkeys(("groq-sdk.default", "groq-sdk.Groq"), Client("Groq", ("baseURL",), (), fix=OPENAI_FIXES["javascript"])),
    **dict.fromkeys(("together-ai.default", "together-ai.Together"), Client("Together", ("baseURL",), (), fix=OPENAI_FIXES["javascript"])),
    "replicate.default": _replaced("Replicate"),
    **dict.fromkeys(("@huggingface/inference.HfInference", "@huggingface/inference.InferenceClient"), Client("Hugging Face", ("endpointUrl", "1.endpointUrl"), road=Road.REPLACE, fix=OPENAI_FIXES["javascript"])),
    **dict.fromkeys(("@langchain/openai.ChatOpenAI", "@langchain/openai.OpenAI", "@langchain/openai.OpenAIEmbeddings", "langchain/chat_models/openai.ChatOpenAI", "langchain/llms/openai.OpenAI", "langchain/embeddings/openai.OpenAIEmbeddings"), Client("OpenAI", ("configuration.baseURL", "configuration.basePath", "1.baseURL", "1.basePath"), OPENAI_VARIABLES, fix=_JS_LANGCHAIN_FIX)),
    **dict.fromkeys(("@langchain/anthropic.ChatAnthropic", "langchain/chat_models/anthropic.ChatAnthropic"), Client("Anthropic", ("anthropicApiUrl", "clientOptions.baseURL"), ("ANTHROPIC_BASE_URL",), Road.ANTHROPIC, fix='new ChatAnthropic({{ model: "<alias>", apiKey: {key}, anthropicApiUrl: {url} }})')),
    **dict.fromkeys(("@langchain/google-genai.ChatGoogleGenerativeAI", "@langchain/google-genai.GoogleGenerativeAIEmbeddings"), replace(_replaced("Google Gemini"), base=("baseUrl",), fix=_JS_LANGCHAIN_FIX)),
    "@langchain/google-vertexai.ChatVertexAI": replace(_replaced("Google Vertex AI"), fix=_JS_LANGCHAIN_FIX),
    "@langchain/mistralai.ChatMistralAI": replace(_replaced("Mistral"), base=("serverURL", "endpoint"), fix=_JS_LANGCHAIN_FIX),
    "@langchain/groq.ChatGroq": Client("Groq", ("baseUrl",), (), fix=_JS_LANGCHAIN_FIX),
    "@langchain/cohere.ChatCohere": replace(_replaced("Cohere"), fix=_JS_LANGCHAIN_FIX),
    "@langchain/aws.ChatBedrockConverse": replace(_replaced("AWS Bedrock"), fix=_JS_LANGCHAIN_FIX),
    **dict.fromkeys(("llamaindex.OpenAI", "@llamaindex/openai.OpenAI", "@llamaindex/openai.openai"), Client("OpenAI", ("baseURL", "additionalSessionOptions.baseURL"), OPENAI_VARIABLES)),
    **dict.fromkeys(("llamaindex.Anthropic", "@llamaindex/anthropic.Anthropic"), Client("Anthropic", ("baseURL", "session"), ("ANTHROPIC_BASE_URL",), Road.ANTHROPIC)),
    **dict.fromkeys(("llamaindex.Groq", "@llamaindex/groq.Groq"), Client("Groq", ("baseURL", "additionalSessionOptions.baseURL"), fix=OPENAI_FIXES["javascript"])),
    **_vercel("@ai-sdk/openai", "OpenAI", "OpenAI", "OPENAI_BASE_URL"),
    **_vercel("@ai-sdk/anthropic", "Anthropic", "Anthropic", "ANTHROPIC_BASE_URL"),
    **_vercel("@ai-sdk/google", "GoogleGenerativeAI", "Google Gemini"),
    **_vercel("@ai-sdk/google-vertex", "Vertex", "Google Vertex AI"),
    **_vercel("@ai-sdk/mistral", "Mistral", "Mistral"),
    **_vercel("@ai-sdk/groq", "Groq", "Groq"),
    **_vercel("@ai-sdk/cohere", "Cohere", "Cohere"),
    **_vercel("@ai-sdk/xai", "XAI", "xAI"),
    **_vercel("@ai-sdk/xai", "Xai", "xAI"),
    **_vercel("@ai-sdk/deepseek", "DeepSeek", "DeepSeek"),
    **_vercel("@ai-sdk/togetherai", "TogetherAI", "Together"),
    **_vercel("@ai-sdk/fireworks", "Fireworks", "Fireworks"),
    **_vercel("@ai-sdk/perplexity", "Perplexity", "Perplexity"),
    **_vercel("@ai-sdk/cerebras", "Cerebras", "Cerebras"),
    **_vercel("@ai-sdk/deepinfra", "DeepInfra", "DeepInfra"),
    **_vercel("@ai-sdk/amazon-bedrock", "AmazonBedrock", "AWS Bedrock"),
    **_vercel("@ai-sdk/azure", "Azure", "Azure OpenAI", "AZURE_OPENAI_ENDPOINT"),
    **_vercel("@openrouter/ai-sdk-provider", "OpenRouter", "OpenRouter"),
    **dict.fromkeys(("@aws-sdk/client-textract.TextractClient", "@aws-sdk/client-textract.Textract"), _replaced("AWS Textract")),
    "@aws-sdk/client-rekognition.RekognitionClient": _replaced("AWS Rekognition"),
    **dict.fromkeys(("@aws-sdk/client-bedrock-runtime.BedrockRuntimeClient", "@aws-sdk/client-bedrock-runtime.BedrockRuntime"), _replaced("AWS Bedrock")),
    **dict.fromkeys(("@google-cloud/vision.ImageAnnotatorClient", "@google-cloud/vision.default.ImageAnnotatorClient"), _replaced("Google Vision")),
    **dict.fromkeys(("@google-cloud/documentai.DocumentProcessorServiceClient",), _replaced("Google Document AI")),
    **dict.fromkeys(("@azure/ai-form-recognizer.DocumentAnalysisClient", "@azure/cognitiveservices-computervision.ComputerVisionClient", "@azure-rest/ai-document-intelligence.default", "@azure-rest/ai-vision-image-analysis.default"), _replaced("Azure AI services")),
}  # fmt: skip
PHP: Mapping[str, Client] = {
    "OpenAI::client": Client("OpenAI", fix=OPENAI_FIXES["php"]),
    "OpenAI::factory": Client("OpenAI", ("withBaseUri",), fix=OPENAI_FIXES["php"]),
    "OpenAI\\Laravel\\Facades\\OpenAI::": Client("OpenAI", (), ("OPENAI_BASE_URL",), fix="OPENAI_BASE_URL={bare} in the app's environment"),
    "Orhanerday\\OpenAi\\OpenAi": Client("OpenAI", ("setBaseURL",), fix=OPENAI_FIXES["php"]),
    **dict.fromkeys(("Anthropic::client", "Anthropic::factory"), Client("Anthropic", ("withBaseUri",), (), Road.ANTHROPIC, fix="Anthropic::factory()->withBaseUri({v1})->withApiKey({key})->make()")),
    "Anthropic\\Client": Client("Anthropic", ("baseUrl", "1"), ("ANTHROPIC_BASE_URL",), Road.ANTHROPIC, fix="new Anthropic\\Client(apiKey: {key}, baseUrl: {url})"),
    **dict.fromkeys(("Gemini::client", "Gemini::factory", "GeminiAPI\\Client"), _replaced("Google Gemini", "withBaseUrl")),
    **dict.fromkeys(("Mistral::client", "Partitech\\PhpMistral\\MistralClient", "Partitech\\PhpMistral\\Clients\\Mistral\\MistralClient"), _replaced("Mistral", "url")),
    "LLPhant\\OpenAIConfig": Client("OpenAI", ("url", "2"), ("OPENAI_BASE_URL",), fix="$config->url = {url}"),
    **dict.fromkeys(("Aws\\Textract\\TextractClient",), _replaced("AWS Textract")),
    "Aws\\Rekognition\\RekognitionClient": _replaced("AWS Rekognition"),
    "Aws\\BedrockRuntime\\BedrockRuntimeClient": _replaced("AWS Bedrock"),
    **dict.fromkeys(("Google\\Cloud\\Vision\\V1\\ImageAnnotatorClient", "Google\\Cloud\\Vision\\V1\\Client\\ImageAnnotatorClient", "Google\\Cloud\\Vision\\VisionClient"), _replaced("Google Vision")),
}  # fmt: skip
GO: Mapping[str, Client] = {
    "github.com/openai/openai-go.NewClient": Client("OpenAI", ("WithBaseURL",), OPENAI_VARIABLES, fix=OPENAI_FIXES["go"]),
    "github.com/sashabaranov/go-openai.NewClient": Client("OpenAI", fix="config := openai.DefaultConfig({key}); config.BaseURL = {url}; openai.NewClientWithConfig(config)"),
    "github.com/sashabaranov/go-openai.DefaultConfig": Client("OpenAI", (".BaseURL",), fix="config.BaseURL = {url}"),
    "github.com/sashabaranov/go-openai.DefaultAzureConfig": Client("Azure OpenAI", ("1",), ("AZURE_OPENAI_ENDPOINT",), own_endpoint=True, fix="config := openai.DefaultConfig({key}); config.BaseURL = {url}"),
    "github.com/anthropics/anthropic-sdk-go.NewClient": Client("Anthropic", ("WithBaseURL",), ("ANTHROPIC_BASE_URL",), Road.ANTHROPIC, fix="anthropic.NewClient(option.WithBaseURL({url}), option.WithAPIKey({key}))"),
    "github.com/liushuangls/go-anthropic.NewClient": Client("Anthropic", ("WithBaseURL",), (), Road.ANTHROPIC, fix="anthropic.NewClient({key}, anthropic.WithBaseURL({v1}))"),
    "google.golang.org/genai.NewClient": replace(_replaced("Google Gemini"), base=("HTTPOptions.BaseURL",)),
    "github.com/google/generative-ai-go.NewClient": _replaced("Google Gemini", "WithEndpoint"),
    "cloud.google.com/go/vertexai.NewClient": _replaced("Google Vertex AI"),
    "github.com/cohere-ai/cohere-go.NewClient": _replaced("Cohere", "WithBaseURL"),
    "github.com/gage-technologies/mistral-go.NewMistralClient": _replaced("Mistral"),
    "github.com/tmc/langchaingo/llms/openai.New": Client("OpenAI", ("WithBaseURL",), BOTH, fix='openai.New(openai.WithBaseURL({url}), openai.WithToken({key}), openai.WithModel("<alias>"))'),
    "github.com/tmc/langchaingo/llms/anthropic.New": Client("Anthropic", ("WithBaseURL",), (), Road.ANTHROPIC, fix="anthropic.New(anthropic.WithBaseURL({v1}), anthropic.WithToken({key}))"),
    "github.com/tmc/langchaingo/llms/googleai.New": _replaced("Google Gemini"),
    "github.com/tmc/langchaingo/llms/mistral.New": _replaced("Mistral", "WithEndpoint"),
    **{f"github.com/aws/aws-sdk-go-v2/service/{service}.{made}": _replaced(name) for service, name in (("textract", "AWS Textract"), ("rekognition", "AWS Rekognition"), ("bedrockruntime", "AWS Bedrock")) for made in ("NewFromConfig", "New")},
    **{f"github.com/aws/aws-sdk-go/service/{service}.New": _replaced(name) for service, name in (("textract", "AWS Textract"), ("rekognition", "AWS Rekognition"), ("bedrockruntime", "AWS Bedrock"))},
    "cloud.google.com/go/vision.NewImageAnnotatorClient": _replaced("Google Vision"),
    "cloud.google.com/go/documentai.NewDocumentProcessorClient": _replaced("Google Document AI"),
}  # fmt: skip
TABLES: Mapping[str, Mapping[str, Client]] = {
    "python": PYTHON,
    "javascript": JAVASCRIPT,
    "php": PHP,
    "go": GO,
}
"""Every client, by language and name."""
