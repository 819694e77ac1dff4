"""Go's clients: the path of a package without its major version, and the function."""

from collections.abc import Mapping
from dataclasses import replace

from aspire_gitops.egress.clients.client import (
    BOTH,
    OPENAI_VARIABLES,
    Client,
    Road,
)

_GO_FIX = "openai.NewClient(option.WithBaseURL({url}), option.WithAPIKey({key}))"


def _go_gone(provider: str, *base: str) -> Client:
    return Client(provider, base, road=Road.REPLACE, fix=_GO_FIX)


GO: Mapping[str, Client] = {
    "github.com/openai/openai-go.NewClient": Client("OpenAI", ("WithBaseURL",), OPENAI_VARIABLES, fix=_GO_FIX),
    "github.com/sashabaranov/go-openai.NewClient": Client("OpenAI", fix="config := openai.DefaultConfig({key}); config.BaseURL = {url}; openai.NewClientWithConfig(config)"),
    "github.com/sashabaranov/go-openai.DefaultConfig": Client("OpenAI", (".BaseURL",), fix="config.BaseURL = {url}"),
    "github.com/sashabaranov/go-openai.DefaultAzureConfig": Client("Azure OpenAI", ("1",), ("AZURE_OPENAI_ENDPOINT",), own_endpoint=True, fix="config := openai.DefaultConfig({key}); config.BaseURL = {url}"),
    "github.com/anthropics/anthropic-sdk-go.NewClient": Client("Anthropic", ("WithBaseURL",), ("ANTHROPIC_BASE_URL",), Road.ANTHROPIC, fix="anthropic.NewClient(option.WithBaseURL({url}), option.WithAPIKey({key}))"),
    "github.com/liushuangls/go-anthropic.NewClient": Client("Anthropic", ("WithBaseURL",), (), Road.ANTHROPIC, fix="anthropic.NewClient({key}, anthropic.WithBaseURL({v1}))"),
    "google.golang.org/genai.NewClient": replace(_go_gone("Google Gemini"), base=("HTTPOptions.BaseURL",)),
    "github.com/google/generative-ai-go.NewClient": _go_gone("Google Gemini", "WithEndpoint"),
    "cloud.google.com/go/vertexai.NewClient": _go_gone("Google Vertex AI"),
    "github.com/cohere-ai/cohere-go.NewClient": _go_gone("Cohere", "WithBaseURL"),
    "github.com/gage-technologies/mistral-go.NewMistralClient": _go_gone("Mistral"),
    "github.com/tmc/langchaingo/llms/openai.New": Client("OpenAI", ("WithBaseURL",), BOTH, fix='openai.New(openai.WithBaseURL({url}), openai.WithToken({key}), openai.WithModel("<alias>"))'),
    "github.com/tmc/langchaingo/llms/anthropic.New": Client("Anthropic", ("WithBaseURL",), (), Road.ANTHROPIC, fix="anthropic.New(anthropic.WithBaseURL({v1}), anthropic.WithToken({key}))"),
    "github.com/tmc/langchaingo/llms/googleai.New": _go_gone("Google Gemini"),
    "github.com/tmc/langchaingo/llms/mistral.New": _go_gone("Mistral", "WithEndpoint"),
    **{f"github.com/aws/aws-sdk-go-v2/service/{service}.{made}": _go_gone(name) for service, name in (("textract", "AWS Textract"), ("rekognition", "AWS Rekognition"), ("bedrockruntime", "AWS Bedrock")) for made in ("NewFromConfig", "New")},
    **{f"github.com/aws/aws-sdk-go/service/{service}.New": _go_gone(name) for service, name in (("textract", "AWS Textract"), ("rekognition", "AWS Rekognition"), ("bedrockruntime", "AWS Bedrock"))},
    "cloud.google.com/go/vision.NewImageAnnotatorClient": _go_gone("Google Vision"),
    "cloud.google.com/go/documentai.NewDocumentProcessorClient": _go_gone("Google Document AI"),
}  # fmt: skip
