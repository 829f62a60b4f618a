"""Reads GBNF as llama.cpp's grammars/README.md describes it: rules, literals, classes, groups, repetition, alternatives."""

from __future__ import annotations

import re
from collections.abc import Callable

Match = Callable[[str, int], frozenset[int]]  # text, place -> the places behind what matches
ESCAPE = re.compile(r"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([nrt\\\"\[\]]))")
PLAIN = {"n": "\n", "r": "\r", "t": "\t"}


class Grammar:
    def __init__(self, text: str) -> None:
        self.rules: dict[str, Match] = {}
        self.text, self.at = text, 0
        while self.skip(True):
            name = self.word()
            self.skip()
            assert self.text[self.at : self.at + 3] == "::=", self.rest
            self.at += 3
            self.rules[name] = self.alternatives(False)

    def accepts(self, text: str) -> bool:
        return len(text) in self.rules["root"](text, 0)

    @property
    def rest(self) -> str:
        return self.text[self.at : self.at + 40]

    def skip(self, lines: bool = False) -> bool:
        """Whether anything is left behind white space."""
        while self.at < len(self.text) and self.text[self.at] in (" \t\n" if lines else " \t"):
            self.at += 1
        return self.at < len(self.text)

    def word(self) -> str:
        found = re.compile(r"[A-Za-z0-9-]+").match(self.text, self.at)
        assert found, self.rest
        self.at = found.end()
        return found[0]

    def peek(self, inside: bool) -> str:
        return self.text[self.at] if self.skip(inside) else ""

    def alternatives(self, inside: bool) -> Match:
        ways = [self.sequence(inside)]
        while self.peek(inside) == "|":
            self.at += 1
            ways.append(self.sequence(inside))
        return lambda text, at: frozenset(end for way in ways for end in way(text, at))

    def sequence(self, inside: bool) -> Match:
        parts: list[Match] = []
        while self.peek(inside) not in ("", "|", ")", "\n"):
            parts.append(self.repeated(self.one()))

        def match(text: str, at: int) -> frozenset[int]:
            places = frozenset([at])
            for part in parts:
                places = frozenset(end for place in places for end in part(text, place))
            return places

        return match

    def one(self) -> Match:
        sign = self.text[self.at]
        if sign == "(":
            self.at += 1
            inner = self.alternatives(True)
            assert self.peek(True) == ")", self.rest
            self.at += 1
            return inner
        if sign == '"':
            self.at += 1
            said = ""
            while self.text[self.at] != '"':
                said += self.character()
            self.at += 1
            return lambda text, at: frozenset([at + len(said)] if text.startswith(said, at) else [])
        if sign == "[":
            return self.one_of()
        name = self.word()
        return lambda text, at: self.rules[name](text, at)

    def one_of(self) -> Match:
        self.at += 1
        other = self.text[self.at] == "^"
        self.at += other
        ranges = []
        while self.text[self.at] != "]":
            low = high = self.character()
            if self.text[self.at] == "-" and self.text[self.at + 1] != "]":
                self.at += 1
                high = self.character()
            ranges.append((low, high))
        self.at += 1

        def match(text: str, at: int) -> frozenset[int]:
            if at >= len(text):
                return frozenset()
            return frozenset([at + 1] if any(low <= text[at] <= high for low, high in ranges) != other else [])

        return match

    def character(self) -> str:
        if self.text[self.at] != "\\":
            self.at += 1
            return self.text[self.at - 1]
        found = ESCAPE.match(self.text, self.at)
        assert found, f"no escape of a grammar: {self.rest}"
        self.at = found.end()
        code = found[1] or found[2] or found[3]
        return chr(int(code, 16)) if code else PLAIN.get(found[4], found[4])

    def repeated(self, part: Match) -> Match:
        sign = re.compile(r"[?*+]|\{(\d+)\}").match(self.text, self.at)
        if not sign:
            return part
        self.at = sign.end()
        low, high = {"?": (0, 1), "*": (0, None), "+": (1, None)}.get(sign[0]) or (int(sign[1]), int(sign[1]))

        def match(text: str, at: int) -> frozenset[int]:
            found: set[int] = set()
            places, times = frozenset([at]), 0
            while places and (high is None or times <= high):
                if times >= low:
                    new = places - found
                    if high is None and times > low and not new:
                        break
                    found |= places
                places = frozenset(end for place in places for end in part(text, place))
                times += 1
            return frozenset(found)

        return match
