"""`egress scan` takes twice the time for twice the code, whatever the code says.

Judged by the ratio of two runs in one process, so that only what grows with the square fails.
"""

import time
from collections.abc import Callable

import pytest

from aspire_gitops.egress.gateway import KnownGateway
from aspire_gitops.egress.scanning import scan_text

FEW = 600
TIMES = 8
AT_MOST = 3  # times linear; the square would be eight times
A_MOMENT_S = 0.3
KEY = "sk-ant-api03-{:04d}Zx9Kq2Lw7Vb4Nm8Rt5Yp1"

CASES: dict[str, tuple[str, Callable[[int], str]]] = {
    "clients in Python": (
        "a.py",
        lambda n: "from openai import OpenAI\n" + "".join(f"c{i} = OpenAI()\n" for i in range(n)),
    ),
    "one name given often": (
        "a.py",
        lambda n: (
            "from openai import OpenAI\n"
            + "".join(f"x = 'https://a{i}.com'\nOpenAI(base_url=x)\n" for i in range(n))
        ),
    ),
    "clients and models in JavaScript": (
        "a.js",
        lambda n: (
            "import OpenAI from 'openai';\n"
            + "new OpenAI();\nc.chat.completions.create({model:'gpt-4o'})\n" * n
        ),
    ),
    "clients in one line with an accent": (
        "a.js",
        lambda n: "import OpenAI from 'openai';\n" + "/*é*/new OpenAI();" * n + "\n" * 9 * n,
    ),
    "one name given often in PHP": (
        "a.php",
        lambda n: (
            "<?php\n"
            + "".join(
                f"$x='https://a{i}.com';OpenAI::factory()->withBaseUri($x)->make();\n"
                for i in range(n)
            )
        ),
    ),
    "variables in one line": (
        "a.yaml",
        lambda n: "OPENAI_API_KEY, " * n + "\n" + "x\n" * 9 * n,
    ),
    "scripts that nothing closes": ("a.vue", lambda n: "<script>\nopenai\n" * n),
    "keys in one line": ("a.txt", lambda n: " ".join(KEY.format(i) for i in range(n)) + "\n" * n),
}


def seconds(path: str, text: str) -> float:
    started = time.process_time()
    scan_text(path, text, KnownGateway())
    return time.process_time() - started


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_code_of_eight_times_the_size_takes_about_eight_times_as_long(name: str) -> None:
    path, make = CASES[name]
    seconds(path, make(3))  # loads the grammar
    few = seconds(path, make(FEW))
    many = seconds(path, make(TIMES * FEW))
    assert many < A_MOMENT_S + AT_MOST * TIMES * few, f"{few:.2f} s, then {many:.2f} s"


@pytest.mark.timeout(60)
@pytest.mark.parametrize("words", [24, 2000])
def test_a_line_of_a_dockerfile_with_many_equals_signs_is_read(words: int) -> None:
    """The time doubled with each word: 24 of them took minutes."""
    text = "ENV " + "a=== " * words + "x OPENAI_API_KEY\nENV A=1 OPENAI_API_KEY=$KEY\n"
    found = scan_text("Dockerfile", text, KnownGateway()).findings
    assert [one.diagnostic.span.line for one in found] == [2]
