"""Parses sources, [[language, text], ...] on its input, and prints where each is not its language: [["line:column", ...], ...]."""

import json
import sys

import tree_sitter_dart
import tree_sitter_kotlin
import tree_sitter_swift
import tree_sitter_typescript
from tree_sitter import Language, Parser

LANGUAGES = {
    "dart": tree_sitter_dart.language(),
    "kotlin": tree_sitter_kotlin.language(),
    "swift": tree_sitter_swift.language(),
    "ts": tree_sitter_typescript.language_typescript(),
}


def mistakes(node):
    if node.is_error or node.is_missing:
        line, column = node.start_point
        return [f"{line + 1}:{column + 1}"]
    return [mistake for child in node.children if child.has_error for mistake in mistakes(child)]


def parse(language, text):
    return mistakes(Parser(Language(LANGUAGES[language])).parse(text.encode()).root_node)


print(json.dumps([parse(language, text) for language, text in json.load(sys.stdin)]))
