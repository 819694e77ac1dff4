"""What scanners know and report: who sells models, vision and OCR, and the facts of one file."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias, TypeVar


@dataclass(frozen=True, slots=True, order=True)
class CodeRange:
    """Where something is in a file. Lines and columns count from 1, in characters; ends are exclusive.

    `last_line` is the line on which it ends: a call may be many lines long.
    """

    line: int
    column: int
    end_column: int
    last_line: int = 0

    def holds(self, other: "CodeRange") -> bool:
        """Return whether the other range lies within this one."""
        last = max(self.last_line, self.line)
        starts = (self.line, self.column) <= (other.line, other.column)
        return starts and (
            other.line < last or (other.line == last and other.column < self.end_column)
        )


_MOST_TEXTS = 64


@dataclass(frozen=True, slots=True)
class Value:
    """What an expression may be, as far as a static look can tell.

    `texts` are literals that it may hold, `variables` environment variables
    that it may come from. `absent` says that it may be unset, `other` that it
    may be something that only the running program knows.
    """

    texts: tuple[str, ...] = ()
    variables: tuple[str, ...] = ()
    absent: bool = False
    other: bool = False

    def __or__(self, more: "Value") -> "Value":
        texts = tuple(dict.fromkeys((*self.texts, *more.texts)))
        return Value(
            texts[:_MOST_TEXTS],
            tuple(dict.fromkeys((*self.variables, *more.variables))),
            self.absent or more.absent,
            self.other or more.other or len(texts) > _MOST_TEXTS,
        )

    @property
    def is_nothing(self) -> bool:
        """Return whether it can only be unset, like `base_url=None`."""
        return not (self.texts or self.variables or self.other)


MOST_BOUND = 16  # values of one name that are followed: each use of the name asks for all of them

KeyT = TypeVar("KeyT")
BoundT = TypeVar("BoundT")


def followed(known: dict[KeyT, Value], key: KeyT, find: Callable[[], Value]) -> Value:
    """Return what a name leads to, found once: thousands of uses would follow it again."""
    if key not in known:
        known[key] = find()
    return known[key]


def note(bindings: dict[KeyT, list[BoundT]], name: KeyT, value: BoundT) -> None:
    """Add a value that a name is given; beyond the first `MOST_BOUND` they are not followed."""
    values = bindings.setdefault(name, [])
    if len(values) < MOST_BOUND:
        values.append(value)


NOTHING = Value(absent=True)
UNKNOWN = Value(other=True)


def either(*values: Value) -> Value:
    """Return what any of the values may be."""
    result = Value()
    for value in values:
        result |= value
    return result


@dataclass(frozen=True, slots=True)
class Construction:
    """A client that is made: `OpenAI(base_url=…)`, in any language.

    `name` is the client's full name in the table of `clients`. `arguments` are
    by name, nested ones dotted (`configuration.baseURL`); `open` says that more
    arguments may come from elsewhere (`**options`).
    """

    name: str
    place: CodeRange
    shown: str  # as the code spells it
    arguments: Mapping[str, Value] = field(default_factory=dict)
    open: bool = False


@dataclass(frozen=True, slots=True)
class Text:
    """A piece of text that the program uses: not a comment, docstring or message for people."""

    text: str
    place: CodeRange


@dataclass(frozen=True, slots=True)
class VariableRead:
    """An environment variable is read."""

    name: str
    place: CodeRange


@dataclass(frozen=True, slots=True)
class VariableSet:
    """An environment variable is set or passed on."""

    name: str
    value: Value
    place: CodeRange


@dataclass(frozen=True, slots=True)
class ModelNamed:
    """A model's name, as the code sends it."""

    name: str
    place: CodeRange


Fact: TypeAlias = Construction | Text | VariableRead | VariableSet | ModelNamed


_LEADS_NOWHERE = re.compile(
    r"(?i)(?:^|_)(?:help|helptext|help_text|description|desc|doc|docs|documentation|docstring|"
    r"title|label|placeholder|tooltip|hint|message|msg|caption|epilog|summary|homepage|website|"
    r"examples?|readme|prompt|url_docs|docs_url|console_url|signup_url|allowed_hosts|blocked_hosts)$"
)
_MANY_WORDS = 4


@dataclass(frozen=True, slots=True)
class Provider:
    """One company as apps meet it."""

    name: str
    hosts: tuple[str, ...]
    key_variables: tuple[str, ...] = ()
    base_variables: tuple[str, ...] = ()


PROVIDERS: tuple[Provider, ...] = (
    Provider(
        "OpenAI",
        ("api.openai.com", "*.api.openai.com"),
        ("OPENAI_API_KEY", "OPENAI_KEY"),
        ("OPENAI_BASE_URL", "OPENAI_API_BASE", "OPENAI_API_BASE_URL", "OPENAI_URL"),
    ),
    Provider(
        "Azure OpenAI",
        ("*.openai.azure.com", "*.services.ai.azure.com", "models.inference.ai.azure.com", "models.github.ai"),
        ("AZURE_OPENAI_API_KEY", "AZURE_OPENAI_KEY"),
        ("AZURE_OPENAI_ENDPOINT", "AZURE_OPENAI_BASE_URL"),
    ),
    Provider(
        "Anthropic",
        ("api.anthropic.com",),
        ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "CLAUDE_API_KEY"),
        ("ANTHROPIC_BASE_URL", "ANTHROPIC_API_BASE", "ANTHROPIC_API_URL"),
    ),
    Provider(
        "Google Gemini",
        ("generativelanguage.googleapis.com",),
        ("GEMINI_API_KEY", "GOOGLE_GENERATIVE_AI_API_KEY", "GOOGLE_GEMINI_API_KEY"),
    ),
    Provider("Google Vertex AI", ("aiplatform.googleapis.com", "*-aiplatform.googleapis.com")),
    Provider("Mistral", ("api.mistral.ai", "codestral.mistral.ai"), ("MISTRAL_API_KEY", "CODESTRAL_API_KEY")),
    Provider("Cohere", ("api.cohere.ai", "api.cohere.com"), ("COHERE_API_KEY", "CO_API_KEY")),
    Provider("Groq", ("api.groq.com",), ("GROQ_API_KEY",)),
    Provider(
        "Alibaba DashScope",
        ("dashscope.aliyuncs.com", "dashscope-intl.aliyuncs.com", "dashscope-us.aliyuncs.com"),
        ("DASHSCOPE_API_KEY",),
    ),
    Provider("DeepSeek", ("api.deepseek.com",), ("DEEPSEEK_API_KEY",)),
    Provider("xAI", ("api.x.ai", "*.api.x.ai"), ("XAI_API_KEY",)),
    Provider("Together", ("api.together.xyz", "api.together.ai"), ("TOGETHER_API_KEY", "TOGETHERAI_API_KEY", "TOGETHER_AI_API_KEY")),
    Provider("Fireworks", ("api.fireworks.ai",), ("FIREWORKS_API_KEY",)),
    Provider("Perplexity", ("api.perplexity.ai",), ("PERPLEXITY_API_KEY", "PPLX_API_KEY")),
    Provider("OpenRouter", ("openrouter.ai/api",), ("OPENROUTER_API_KEY",)),
    Provider("Replicate", ("api.replicate.com",), ("REPLICATE_API_TOKEN", "REPLICATE_API_KEY")),
    Provider(
        "Hugging Face",
        ("api-inference.huggingface.co", "router.huggingface.co", "*.endpoints.huggingface.cloud"),
    ),
    Provider(
        "AWS Bedrock",
        ("bedrock-runtime.*.amazonaws.com", "bedrock-agent-runtime.*.amazonaws.com"),
        ("AWS_BEARER_TOKEN_BEDROCK",),
    ),
    Provider("Cerebras", ("api.cerebras.ai",), ("CEREBRAS_API_KEY",)),
    Provider("SambaNova", ("api.sambanova.ai",), ("SAMBANOVA_API_KEY",)),
    Provider("NVIDIA", ("integrate.api.nvidia.com", "ai.api.nvidia.com"), ("NVIDIA_API_KEY", "NVIDIA_NIM_API_KEY")),
    Provider("Moonshot", ("api.moonshot.cn", "api.moonshot.ai"), ("MOONSHOT_API_KEY",)),
    Provider("Zhipu", ("open.bigmodel.cn", "api.z.ai"), ("ZHIPUAI_API_KEY", "ZAI_API_KEY", "ZHIPU_API_KEY")),
    Provider("MiniMax", ("api.minimax.chat", "api.minimax.io", "api.minimaxi.com"), ("MINIMAX_API_KEY",)),
    Provider("Volcengine Ark", ("ark.*.volces.com",), ("ARK_API_KEY",)),
    Provider("SiliconFlow", ("api.siliconflow.cn", "api.siliconflow.com"), ("SILICONFLOW_API_KEY",)),
    Provider("Novita", ("api.novita.ai",), ("NOVITA_API_KEY",)),
    Provider("DeepInfra", ("api.deepinfra.com",), ("DEEPINFRA_API_KEY", "DEEPINFRA_API_TOKEN")),
    Provider("Voyage", ("api.voyageai.com",), ("VOYAGE_API_KEY", "VOYAGEAI_API_KEY")),
    Provider("Jina", ("api.jina.ai",), ("JINA_API_KEY",)),
    Provider("AI21", ("api.ai21.com",), ("AI21_API_KEY",)),
    Provider("Stability", ("api.stability.ai",), ("STABILITY_API_KEY",)),
    Provider("Vercel AI Gateway", ("ai-gateway.vercel.sh",), ("AI_GATEWAY_API_KEY",)),
    Provider("Google Vision", ("vision.googleapis.com", "*-vision.googleapis.com")),
    Provider("Google Document AI", ("documentai.googleapis.com", "*-documentai.googleapis.com")),
    Provider("AWS Textract", ("textract.*.amazonaws.com",)),
    Provider("AWS Rekognition", ("rekognition.*.amazonaws.com",)),
    Provider(
        "Azure AI services",
        ("*.cognitiveservices.azure.com", "*.api.cognitive.microsoft.com"),
        ("AZURE_DOCUMENT_INTELLIGENCE_KEY", "DOCUMENTINTELLIGENCE_API_KEY", "AZURE_VISION_KEY", "AZURE_COMPUTER_VISION_KEY"),
    ),
    Provider("OCR.space", ("api.ocr.space", "apipro1.ocr.space", "apipro2.ocr.space"), ("OCR_SPACE_API_KEY", "OCRSPACE_API_KEY")),
    Provider("Mathpix", ("api.mathpix.com",), ("MATHPIX_APP_KEY", "MATHPIX_API_KEY")),
    Provider("LlamaParse", ("api.cloud.llamaindex.ai",), ("LLAMA_CLOUD_API_KEY",)),
    Provider("Unstructured", ("api.unstructuredapp.io", "api.unstructured.io"), ("UNSTRUCTURED_API_KEY",)),
    Provider("Nanonets", ("app.nanonets.com",), ("NANONETS_API_KEY",)),
)  # fmt: skip

_BY_KEY = {name: provider for provider in PROVIDERS for name in provider.key_variables}
_BY_BASE = {name: provider for provider in PROVIDERS for name in provider.base_variables}


def _pattern(host: str) -> str:
    return re.escape(host).replace(r"\*", r"[A-Za-z0-9{}$_.-]{1,100}?")


_HOST = re.compile(
    # Not inside a longer name, not an address for mail, not a package (`@api.openai.com`).
    r"(?<![A-Za-z0-9_@-])(?<![A-Za-z0-9]\.)(?:"
    + "|".join(
        f"(?P<p{number}>{'|'.join(map(_pattern, provider.hosts))})"
        for number, provider in enumerate(PROVIDERS)
    )
    + r")(?![A-Za-z0-9-]|\.[A-Za-z])",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class HostFound:
    """A provider's host in a text, by character offsets."""

    provider: Provider
    host: str
    start: int
    end: int


def hosts_in(text: str) -> Iterator[HostFound]:
    """Yield each provider host that the text names."""
    for match in _HOST.finditer(text):
        number = int((match.lastgroup or "p0")[1:])
        yield HostFound(PROVIDERS[number], match[0], match.start(), match.end())


def provider_of_key(variable: str) -> Provider | None:
    """Return whose key a variable carries, by its name."""
    return _BY_KEY.get(variable)


def provider_of_base(variable: str) -> Provider | None:
    """Return whose SDK reads its address from the variable."""
    return _BY_BASE.get(variable)


def variables() -> frozenset[str]:
    """Return every variable that the table names."""
    return frozenset((*_BY_KEY, *_BY_BASE))


def is_prose(text: str) -> bool:
    """Return whether a text is a sentence rather than an address or a command that holds one."""
    words = text.split()
    if len(words) < _MANY_WORDS:
        return False
    return not any(word in ("curl", "wget", "http", "https", "fetch") for word in words[:3])


def leads_nowhere(name: str) -> bool:
    """Return whether something of this name is for people: a help text, a label, a link to docs."""
    return bool(_LEADS_NOWHERE.search(name))
