"""JavaScript's clients: what a package exports; `name()` is a ready-made provider of Vercel's SDK."""

from collections.abc import Mapping
from dataclasses import replace

from aspire_gitops.egress.clients.client import (
    OPENAI_VARIABLES,
    Client,
    Road,
)

_JS_OPENAI = Client("OpenAI", ("baseURL",), OPENAI_VARIABLES)
_JS_FIX = "new OpenAI({{ baseURL: {url}, apiKey: {key} }})"
_JS_LANGCHAIN_FIX = (
    'new ChatOpenAI({{ model: "<alias>", apiKey: {key}, configuration: {{ baseURL: {url} }} }})'
)


def _js_gone(provider: str, *base: str) -> Client:
    return Client(provider, base, road=Road.REPLACE, fix=_JS_FIX)


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
    **dict.fromkeys(("openai.AzureOpenAI", "@azure/openai.OpenAIClient", "@langchain/openai.AzureChatOpenAI", "@langchain/openai.AzureOpenAIEmbeddings", "@langchain/openai.AzureOpenAI"), Client("Azure OpenAI", ("endpoint", "baseURL", "0"), ("AZURE_OPENAI_ENDPOINT", "OPENAI_BASE_URL"), own_endpoint=True, fix=_JS_FIX)),
    **dict.fromkeys(("@anthropic-ai/sdk.default", "@anthropic-ai/sdk.Anthropic"), Client("Anthropic", ("baseURL",), ("ANTHROPIC_BASE_URL",), Road.ANTHROPIC)),
    **dict.fromkeys(("@anthropic-ai/bedrock-sdk.default", "@anthropic-ai/bedrock-sdk.AnthropicBedrock"), _js_gone("AWS Bedrock")),
    **dict.fromkeys(("@anthropic-ai/vertex-sdk.default", "@anthropic-ai/vertex-sdk.AnthropicVertex"), _js_gone("Google Vertex AI")),
    "@google/generative-ai.GoogleGenerativeAI": _js_gone("Google Gemini"),
    "@google/genai.GoogleGenAI": replace(_js_gone("Google Gemini"), base=("httpOptions.baseUrl",)),
    **dict.fromkeys(("@google-cloud/vertexai.VertexAI",), _js_gone("Google Vertex AI")),
    **dict.fromkeys(("@mistralai/mistralai.Mistral", "@mistralai/mistralai.default", "@mistralai/mistralai.MistralClient"), replace(_js_gone("Mistral"), base=("serverURL", "1"))),
    **dict.fromkeys(("cohere-ai.CohereClient", "cohere-ai.CohereClientV2"), replace(_js_gone("Cohere"), base=("environment", "baseUrl"))),
    **dict.fromkeys(("groq-sdk.default", "groq-sdk.Groq"), Client("Groq", ("baseURL",), (), fix=_JS_FIX)),
    **dict.fromkeys(("together-ai.default", "together-ai.Together"), Client("Together", ("baseURL",), (), fix=_JS_FIX)),
    "replicate.default": _js_gone("Replicate"),
    **dict.fromkeys(("@huggingface/inference.HfInference", "@huggingface/inference.InferenceClient"), Client("Hugging Face", ("endpointUrl", "1.endpointUrl"), road=Road.REPLACE, fix=_JS_FIX)),
    **dict.fromkeys(("@langchain/openai.ChatOpenAI", "@langchain/openai.OpenAI", "@langchain/openai.OpenAIEmbeddings", "langchain/chat_models/openai.ChatOpenAI", "langchain/llms/openai.OpenAI", "langchain/embeddings/openai.OpenAIEmbeddings"), Client("OpenAI", ("configuration.baseURL", "configuration.basePath", "1.baseURL", "1.basePath"), OPENAI_VARIABLES, fix=_JS_LANGCHAIN_FIX)),
    **dict.fromkeys(("@langchain/anthropic.ChatAnthropic", "langchain/chat_models/anthropic.ChatAnthropic"), Client("Anthropic", ("anthropicApiUrl", "clientOptions.baseURL"), ("ANTHROPIC_BASE_URL",), Road.ANTHROPIC, fix='new ChatAnthropic({{ model: "<alias>", apiKey: {key}, anthropicApiUrl: {url} }})')),
    **dict.fromkeys(("@langchain/google-genai.ChatGoogleGenerativeAI", "@langchain/google-genai.GoogleGenerativeAIEmbeddings"), replace(_js_gone("Google Gemini"), base=("baseUrl",), fix=_JS_LANGCHAIN_FIX)),
    "@langchain/google-vertexai.ChatVertexAI": replace(_js_gone("Google Vertex AI"), fix=_JS_LANGCHAIN_FIX),
    "@langchain/mistralai.ChatMistralAI": replace(_js_gone("Mistral"), base=("serverURL", "endpoint"), fix=_JS_LANGCHAIN_FIX),
    "@langchain/groq.ChatGroq": Client("Groq", ("baseUrl",), (), fix=_JS_LANGCHAIN_FIX),
    "@langchain/cohere.ChatCohere": replace(_js_gone("Cohere"), fix=_JS_LANGCHAIN_FIX),
    "@langchain/aws.ChatBedrockConverse": replace(_js_gone("AWS Bedrock"), fix=_JS_LANGCHAIN_FIX),
    **dict.fromkeys(("llamaindex.OpenAI", "@llamaindex/openai.OpenAI", "@llamaindex/openai.openai"), Client("OpenAI", ("baseURL", "additionalSessionOptions.baseURL"), OPENAI_VARIABLES)),
    **dict.fromkeys(("llamaindex.Anthropic", "@llamaindex/anthropic.Anthropic"), Client("Anthropic", ("baseURL", "session"), ("ANTHROPIC_BASE_URL",), Road.ANTHROPIC)),
    **dict.fromkeys(("llamaindex.Groq", "@llamaindex/groq.Groq"), Client("Groq", ("baseURL", "additionalSessionOptions.baseURL"), fix=_JS_FIX)),
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
    **dict.fromkeys(("@aws-sdk/client-textract.TextractClient", "@aws-sdk/client-textract.Textract"), _js_gone("AWS Textract")),
    "@aws-sdk/client-rekognition.RekognitionClient": _js_gone("AWS Rekognition"),
    **dict.fromkeys(("@aws-sdk/client-bedrock-runtime.BedrockRuntimeClient", "@aws-sdk/client-bedrock-runtime.BedrockRuntime"), _js_gone("AWS Bedrock")),
    **dict.fromkeys(("@google-cloud/vision.ImageAnnotatorClient", "@google-cloud/vision.default.ImageAnnotatorClient"), _js_gone("Google Vision")),
    **dict.fromkeys(("@google-cloud/documentai.DocumentProcessorServiceClient",), _js_gone("Google Document AI")),
    **dict.fromkeys(("@azure/ai-form-recognizer.DocumentAnalysisClient", "@azure/cognitiveservices-computervision.ComputerVisionClient", "@azure-rest/ai-document-intelligence.default", "@azure-rest/ai-vision-image-analysis.default"), _js_gone("Azure AI services")),
}  # fmt: skip
