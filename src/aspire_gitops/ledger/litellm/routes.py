"""Which of LiteLLM's calls cost money that we can count, cost none, or cannot be counted.

The names are the `call_type` of the pre-call hook. What is in neither set is
refused: a new kind of call must not be a way around every budget.
"""

# One answer, one success event with its cost.
COUNTED = frozenset(
    {
        "acompletion",
        "atext_completion",
        "anthropic_messages",
        "aresponses",
        "aembedding",
        "aocr",
        "image_generation",
        "aimage_generation",
        "aimage_edit",
    }
)

# They read or end what earlier calls made, and providers charge nothing for them.
FREE = frozenset(
    {
        "aget_responses",
        "adelete_responses",
        "acancel_responses",
        "alist_input_items",
        "amoderation",
        "moderation",
    }
)
