"""What does a YAML file say: no tag that runs code, no alias, no key twice, and where asked no guessed types."""

from collections import Counter

import yaml

from mvi_core.errors import CohortError

# what PyYAML raises for a file that is no YAML, or whose values break their tags
_NOT_PLAIN = (yaml.YAMLError, OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError)


class _StrictLoader(yaml.SafeLoader):
    """Safe YAML without duplicate keys and without aliases, which can blow up a small file."""

    def compose_node(self, parent, index):
        """Refuse an alias before it is followed."""
        if self.check_event(yaml.AliasEvent):
            raise yaml.YAMLError(f"alias at line {self.peek_event().start_mark.line + 1}; write the value out")
        return super().compose_node(parent, index)

    def construct_mapping(self, node, deep=False):
        """Refuse a key that stands twice."""
        for key, times in Counter(str(key.value) for key, _ in node.value).items():
            if times > 1:
                raise yaml.YAMLError(f"key '{key}' stands twice at or after line {node.start_mark.line + 1}; keep one")
        return super().construct_mapping(node, deep)


class _TextLoader(_StrictLoader):
    """Strict YAML whose every value stays the text that was written: no date, no number, and NO is not false."""

    yaml_implicit_resolvers = {}  # noqa: RUF012 - the library's own switch


def read_yaml(path, *, as_text=False, remedy="Mend that place."):
    """Content of a YAML file, on request with every value as text.

    A `CohortError` for tags, aliases, tabs, keys that repeat, and values that their own form does not allow.
    """
    loader = _TextLoader if as_text else _StrictLoader  # both are safe loaders
    try:
        return yaml.load(path.read_text(encoding="utf-8-sig"), Loader=loader)
    except _NOT_PLAIN as problem:
        raise CohortError(f"{path.name} is not readable as plain YAML ({_told(problem)}). {remedy}") from problem


def _told(problem):
    """Words of a reader's error, without the lines of the file that they may quote."""
    if mark := getattr(problem, "problem_mark", None):
        return f"line {mark.line + 1}: {problem.problem}"
    kept = isinstance(problem, (yaml.YAMLError, UnicodeDecodeError, OSError))
    return str(problem) if kept else f"a value breaks its tag, or nests too deep: {type(problem).__name__}"
