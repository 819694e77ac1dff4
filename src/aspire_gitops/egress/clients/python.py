"""Python's clients."""

from collections.abc import Mapping
from dataclasses import replace

from aspire_gitops.egress.clients.client import (
    ANTHROPIC_VARIABLES,
    BOTH,
    OPENAI_VARIABLES,
    Client,
    Road,
)

_OPENAI = Client("OpenAI", ("base_url",), OPENAI_VARIABLES)
_AZURE = Client("Azure OpenAI", ("azure_endpoint", "base_url", "endpoint"), ("AZURE_OPENAI_ENDPOINT", "OPENAI_BASE_URL"), own_endpoint=True, fix="OpenAI(base_url={url}, api_key={key})")  # fmt: skip
_ANTHROPIC = Client("Anthropic", ("base_url",), ANTHROPIC_VARIABLES, Road.ANTHROPIC)
_GENAI = Client("Google Gemini", ("http_options.base_url", "http_options.base", "client_options.api_endpoint"), road=Road.REPLACE)  # fmt: skip
_LANGCHAIN = Client("OpenAI", ("base_url", "openai_api_base"), BOTH)


def _gone(provider: str, *base: str) -> Client:
    return Client(provider, base, road=Road.REPLACE)


def _legacy(name: str) -> Client:
    return Client("OpenAI", ("base_url", "api_base"), BOTH, fix=name)


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
    **dict.fromkeys(("anthropic.AnthropicBedrock", "anthropic.AsyncAnthropicBedrock"), _gone("AWS Bedrock", "base_url")),
    **dict.fromkeys(("anthropic.AnthropicVertex", "anthropic.AsyncAnthropicVertex"), _gone("Google Vertex AI", "base_url")),
    "google.genai.Client": _GENAI,
    **dict.fromkeys(("google.generativeai.GenerativeModel", "google.generativeai.embed_content", "google.generativeai.configure"), _gone("Google Gemini")),
    **dict.fromkeys(("vertexai.GenerativeModel", "vertexai.generative_models.GenerativeModel", "vertexai.preview.generative_models.GenerativeModel", "vertexai.TextEmbeddingModel", "google.cloud.aiplatform.Endpoint"), _gone("Google Vertex AI")),
    **dict.fromkeys(("mistralai.Mistral", "mistralai.client.MistralClient", "mistralai.async_client.MistralAsyncClient"), replace(_gone("Mistral"), base=("server_url", "endpoint"))),
    **dict.fromkeys(("cohere.Client", "cohere.ClientV2", "cohere.AsyncClient", "cohere.AsyncClientV2"), replace(_gone("Cohere"), base=("base_url",))),
    **dict.fromkeys(("cohere.BedrockClient", "cohere.SagemakerClient", "cohere.BedrockClientV2"), _gone("AWS Bedrock")),
    **dict.fromkeys(("groq.Groq", "groq.AsyncGroq", "groq.Client"), Client("Groq", ("base_url",), (), fix="OpenAI(base_url={url}, api_key={key})")),
    **dict.fromkeys(("together.Together", "together.AsyncTogether"), Client("Together", ("base_url",), (), fix="OpenAI(base_url={url}, api_key={key})")),
    **dict.fromkeys(("cerebras.cloud.sdk.Cerebras", "cerebras.cloud.sdk.AsyncCerebras"), Client("Cerebras", ("base_url",), (), fix="OpenAI(base_url={url}, api_key={key})")),
    **dict.fromkeys(("replicate.Client", "replicate.run", "replicate.async_run", "replicate.stream"), _gone("Replicate")),
    **dict.fromkeys(("huggingface_hub.InferenceClient", "huggingface_hub.AsyncInferenceClient"), Client("Hugging Face", ("base_url", "model"), fix="OpenAI(base_url={url}, api_key={key})")),
    **dict.fromkeys(("fireworks.client.Fireworks", "fireworks.client.AsyncFireworks"), Client("Fireworks", ("base_url",), fix="OpenAI(base_url={url}, api_key={key})")),
    **dict.fromkeys(("dashscope.Generation.call", "dashscope.MultiModalConversation.call", "dashscope.TextEmbedding.call", "dashscope.aigc.generation.Generation.call", "dashscope.ImageSynthesis.call"), _gone("Alibaba DashScope")),
    **dict.fromkeys(("zhipuai.ZhipuAI", "zai.ZaiClient"), Client("Zhipu", ("base_url",), fix="OpenAI(base_url={url}, api_key={key})")),
    "xai_sdk.Client": _gone("xAI", "api_host"),
    "xai_sdk.AsyncClient": _gone("xAI", "api_host"),
    **dict.fromkeys(("voyageai.Client", "voyageai.AsyncClient"), _gone("Voyage", "base_url")),
    "ai21.AI21Client": _gone("AI21"),
    **dict.fromkeys(("litellm.completion", "litellm.acompletion", "litellm.embedding", "litellm.aembedding", "litellm.responses", "litellm.aresponses", "litellm.image_generation", "litellm.text_completion", "litellm.atext_completion", "litellm.batch_completion", "litellm.ocr", "litellm.aocr", "litellm.rerank"), _LITELLM),
    **dict.fromkeys(("langchain_openai.ChatOpenAI", "langchain_openai.OpenAI", "langchain_openai.OpenAIEmbeddings", "langchain.ChatOpenAI", "langchain.OpenAI", "langchain.OpenAIEmbeddings", "langchain_community.ChatOpenAI", "langchain_community.OpenAI", "langchain_community.OpenAIEmbeddings"), _LANGCHAIN),
    **dict.fromkeys(("langchain_anthropic.ChatAnthropic", "langchain_community.ChatAnthropic", "langchain.ChatAnthropic"), Client("Anthropic", ("base_url", "anthropic_api_url"), ANTHROPIC_VARIABLES, Road.ANTHROPIC)),
    **dict.fromkeys(("langchain_google_genai.ChatGoogleGenerativeAI", "langchain_google_genai.GoogleGenerativeAIEmbeddings", "langchain_google_genai.GoogleGenerativeAI"), replace(_gone("Google Gemini"), base=("base_url", "client_options.api_endpoint"), fix="ChatOpenAI(base_url={url}, api_key={key})")),
    **dict.fromkeys(("langchain_google_vertexai.ChatVertexAI", "langchain_google_vertexai.VertexAIEmbeddings"), replace(_gone("Google Vertex AI"), fix="ChatOpenAI(base_url={url}, api_key={key})")),
    **dict.fromkeys(("langchain_mistralai.ChatMistralAI", "langchain_mistralai.MistralAIEmbeddings"), replace(_gone("Mistral"), base=("endpoint", "base_url"), fix="ChatOpenAI(base_url={url}, api_key={key})")),
    "langchain_groq.ChatGroq": Client("Groq", ("base_url", "groq_api_base"), (), fix="ChatOpenAI(base_url={url}, api_key={key})"),
    **dict.fromkeys(("langchain_cohere.ChatCohere", "langchain_cohere.CohereEmbeddings", "langchain_cohere.CohereRerank"), replace(_gone("Cohere"), base=("base_url",), fix="ChatOpenAI(base_url={url}, api_key={key})")),
    **dict.fromkeys(("langchain_aws.ChatBedrock", "langchain_aws.ChatBedrockConverse", "langchain_aws.BedrockEmbeddings"), replace(_gone("AWS Bedrock"), fix="ChatOpenAI(base_url={url}, api_key={key})")),
    "langchain_deepseek.ChatDeepSeek": Client("DeepSeek", ("api_base", "base_url"), (), fix="ChatOpenAI(base_url={url}, api_key={key})"),
    "langchain_xai.ChatXAI": Client("xAI", ("xai_api_base",), fix="ChatOpenAI(base_url={url}, api_key={key})"),
    **dict.fromkeys(("langchain.chat_models.init_chat_model", "langchain.init_chat_model"), Client("a provider that LangChain chooses by the model's name", ("base_url", "openai_api_base"), BOTH, fix='init_chat_model("<alias>", model_provider="openai", base_url={url}, api_key={key})')),
    **dict.fromkeys(("llama_index.llms.openai.OpenAI", "llama_index.embeddings.openai.OpenAIEmbedding", "llama_index.llms.OpenAI", "llama_index.embeddings.OpenAIEmbedding"), Client("OpenAI", ("api_base",), BOTH)),
    "llama_index.llms.anthropic.Anthropic": Client("Anthropic", ("base_url",), ANTHROPIC_VARIABLES, Road.ANTHROPIC),
    **dict.fromkeys(("llama_index.llms.gemini.Gemini", "llama_index.llms.google_genai.GoogleGenAI"), _gone("Google Gemini")),
    "llama_index.llms.mistralai.MistralAI": _gone("Mistral", "endpoint"),
    "llama_index.llms.groq.Groq": Client("Groq", ("api_base",)),
    **dict.fromkeys(("llama_parse.LlamaParse", "llama_cloud_services.LlamaParse"), _gone("LlamaParse", "base_url")),
    **dict.fromkeys(("pydantic_ai.providers.openai.OpenAIProvider",), Client("OpenAI", ("base_url", "openai_client"), OPENAI_VARIABLES)),
    "pydantic_ai.providers.anthropic.AnthropicProvider": Client("Anthropic", ("base_url", "anthropic_client"), ANTHROPIC_VARIABLES, Road.ANTHROPIC),
    **dict.fromkeys(("pydantic_ai.models.openai.OpenAIModel", "pydantic_ai.models.openai.OpenAIChatModel", "pydantic_ai.models.openai.OpenAIResponsesModel"), Client("OpenAI", ("provider",), OPENAI_VARIABLES, fix='OpenAIChatModel("<alias>", provider=OpenAIProvider(base_url={url}, api_key={key}))')),
    "instructor.from_provider": Client("a provider that instructor chooses by the model's name", ("base_url",), OPENAI_VARIABLES, fix="instructor.from_openai(OpenAI(base_url={url}, api_key={key}))"),
    "dspy.LM": replace(_LITELLM, fix='dspy.LM("openai/<alias>", api_base={url}, api_key={key})'),
    "crewai.LLM": replace(_LITELLM, base=("base_url", "api_base"), fix='LLM(model="openai/<alias>", base_url={url}, api_key={key})'),
    "smolagents.LiteLLMModel": replace(_LITELLM, fix='LiteLLMModel(model_id="openai/<alias>", api_base={url}, api_key={key})'),
    **dict.fromkeys(("smolagents.OpenAIServerModel", "smolagents.OpenAIModel"), Client("OpenAI", ("api_base",), OPENAI_VARIABLES)),
    **dict.fromkeys(("smolagents.InferenceClientModel", "smolagents.HfApiModel"), replace(_gone("Hugging Face"), base=("base_url",), fix='OpenAIServerModel(model_id="<alias>", api_base={url}, api_key={key})')),
    **dict.fromkeys(("agno.models.openai.OpenAIChat", "phi.model.openai.OpenAIChat"), Client("OpenAI", ("base_url", "client"), OPENAI_VARIABLES)),
    "autogen_ext.models.openai.OpenAIChatCompletionClient": Client("OpenAI", ("base_url",), OPENAI_VARIABLES),
    **dict.fromkeys(("haystack.components.generators.OpenAIGenerator", "haystack.components.generators.chat.OpenAIChatGenerator", "haystack.components.embedders.OpenAITextEmbedder", "haystack.components.embedders.OpenAIDocumentEmbedder"), Client("OpenAI", ("api_base_url",), OPENAI_VARIABLES)),
    "semantic_kernel.connectors.ai.open_ai.OpenAIChatCompletion": Client("OpenAI", ("async_client",), fix='OpenAIChatCompletion(ai_model_id="<alias>", async_client=AsyncOpenAI(base_url={url}, api_key={key}))'),
    **{f"boto3.client:{service}": _gone(name) for service, name in (("textract", "AWS Textract"), ("rekognition", "AWS Rekognition"), ("bedrock-runtime", "AWS Bedrock"), ("bedrock-agent-runtime", "AWS Bedrock"))},
    **dict.fromkeys(("google.cloud.vision.ImageAnnotatorClient", "google.cloud.vision.ImageAnnotatorAsyncClient"), _gone("Google Vision")),
    **dict.fromkeys(("google.cloud.documentai.DocumentProcessorServiceClient", "google.cloud.documentai_v1.DocumentProcessorServiceClient"), _gone("Google Document AI")),
    **dict.fromkeys(("azure.cognitiveservices.vision.computervision.ComputerVisionClient", "azure.ai.vision.imageanalysis.ImageAnalysisClient", "azure.ai.documentintelligence.DocumentIntelligenceClient", "azure.ai.formrecognizer.DocumentAnalysisClient", "azure.ai.formrecognizer.FormRecognizerClient"), _gone("Azure AI services")),
}  # fmt: skip
