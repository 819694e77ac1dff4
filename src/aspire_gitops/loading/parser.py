"""The one place that meets the YAML parser: libyaml, or PyYAML's own when that is missing.

Both give the same stream of events. Nothing is resolved or constructed here,
so a tag or an alias is only ever a word in an event.
"""

from collections.abc import Callable
from typing import Any, TypeAlias

from yaml.parser import Parser
from yaml.reader import Reader
from yaml.scanner import Scanner

NextEvent: TypeAlias = Callable[[], Any]
"""Return the next event. Raises yaml.YAMLError; the shapes are those of `yaml.events`."""


class PythonParser(Reader, Scanner, Parser):
    """PyYAML without libyaml: the same events, about fifteen times slower."""

    def __init__(self, text: str) -> None:
        Reader.__init__(self, text)
        Scanner.__init__(self)
        Parser.__init__(self)


def python_events(text: str) -> NextEvent:
    return PythonParser(text).get_event


try:
    from yaml.cyaml import CParser  # type: ignore[attr-defined]  # the stubs forget it
except ImportError:  # PyYAML was built without libyaml
    events: Callable[[str], NextEvent] = python_events
else:

    def events(text: str) -> NextEvent:
        next_event: NextEvent = CParser(text).get_event
        return next_event
