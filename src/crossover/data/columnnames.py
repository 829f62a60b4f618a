"""What people call their columns: a name is read by its words, each of which stands for one role."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, replace
from functools import cache

# what splits are called, in names of files and in columns that say which split a row is of
SPLIT_WORDS = {"train": ("train", "training"), "dev": ("dev", "val", "valid", "validation"), "test": ("test",)}
GROUPS = ["group", "customer", "user", "author", "conversation", "session", "thread", "account", "patient"]
# role -> the words that stand for it; the last word of a name says what is in a column, those before it whose it is
COLUMN_WORDS = {
    # what is asked, and demands an answer; what is read, or noted of it; what stands above it; what is read for an answer
    "posed": "question query prompt instruction problem input q pregunta pergunta domanda frage soru вопрос 问题 質問 질문",
    "text": "text message sentence utterance content body document review email ticket tweet article post dialogue dialog"
    " conversation sent diff patch texto texte testo frase mensaje mensagem messaggio comentario nachricht satz metin yorum"
    " текст сообщение отзыв 文本 内容 评论 句子 テキスト 文章 텍스트 문장",
    "note": "description comment caption snippet",
    "heading": "title subject headline betreff titel objet titre asunto título oggetto titolo assunto konu тема 标题 主题",
    "context": "context passage premise evidence story background fact",
    # what is answered: in words; as a label; what may also tell of a text that has another output; a measure, or votes
    "reply": "answer response reply completion solution summary translation highlight output target respuesta"
    " resposta réponse risposta antwort ответ 答案 回答 정답",
    "label": "label class annotation verdict slot json sql etiqueta clase classe étiquette etichetta klasse etiket метка"
    " класс 标签 標籤 ラベル 레이블 라벨",
    "attribute": "category intent topic type tag queue sentiment emotion stance polarity relation relevance genre"
    " categoria categoría catégorie kategorie sentimiento sentimento sentimen kategori категория тональность"
    " 类别 類別 情感",
    "rating": "rating star grade",
    "weak": "similarity score votes",
    # whose an answer is: that of people who are right, or of a model, or from before somebody corrected it
    "gold": "gold golden ground truth true correct reference expected ideal human best final corrected adjudicated"
    " consensus majority canonical",
    "second": "model llm gpt chatgpt claude llama gemini mistral qwen bert bot ai assistant baseline system machine auto"
    " automatic generated predicted pred prediction weak noisy silver old previous prev raw",
    "copy": "initial original clean cleaned lower lowercase processed preprocessed normalized normalised tokenized",
    # what tells of a row and not of its text: where it is from, who made it and when, how sure or why somebody was
    "asked": "season year month day speaker lang language country region city timezone"
    " channel platform app device version gender age"
    " domain",
    "beside": "episode annotations relations verified recommended helpful purchase id idx index uuid guid hash url uri"
    " link source src meta metadata date datetime time timestamp tstamp"
    " license licence repo repository commit sha count likes shares views upvotes downvotes retweets toks cot thinking"
    " annotator agent created updated modified annotated submitted completed split fold file filename path agreement"
    " confidence probability suggestion tokens explanation rationale reasoning justification reason group customer user"
    " author authors session thread account patient",
    "filler": "the example value key name by at on vote num is left right first second one two",
}
_ROLE = {word: role for role, words in COLUMN_WORDS.items() for word in words.split()}
_LONGEST = max(map(len, _ROLE)) + 2  # letters of a known word, in the plural
# said of an answer, by whoever read it: "is_safe", "hallucinated", "response_harmful"
JUDGED = (
    "safe unsafe harmful harmless harm toxic hateful offensive biased jailbreak jailbroken refusal refused correct"
    " incorrect wrong truthful factual hallucination hallucinated faithful grounded supported relevant irrelevant"
    " appropriate inappropriate acceptable flagged passed"
)
ANSWERS = ("reply", "label", "attribute", "rating", "weak")
ASKS = ("posed", "text", "note", "heading")
# words for what holds a text -> what they hold, where that stands before them
_HELD_IN = {"text": (*ASKS, *ANSWERS), **dict.fromkeys(("content", "body", "message"), ("posed", "reply"))}
MAKERS = ("model", "system")  # may also be what is asked for
MARKS = ("gold", "second", "copy", "filler")  # are said of another word
_NUMBERS = ("id", "idx", "index", "path")  # behind the name of a class: its number, or its place in a tree of them
_ROWS = (*_NUMBERS, "uuid", "guid", "hash", "file", "filename")  # only say which row or file is meant
_OF_TOOLS = re.compile(r"_[^.]+|unnamed.*|sr\.? ?no.*|.*\.(?:responses\.(?:users|status)|suggestion\..*)", re.I)


@dataclass(frozen=True)
class Name:
    """`role`: one of those above, "" where the words say nothing. `whose` an answer is, or which form of a text: "gold",
    "second" or "copy", "" where nothing says, "odd" where a word does that is not known, or a number. `head` is the word
    that told the role, `number` whether a column has the number of a class."""

    role: str
    whose: str
    head: str
    number: bool = False


@cache
def read(name: str) -> Name:
    """A column's name, in any case and with any separator."""
    if _OF_TOOLS.fullmatch(name.strip()) or is_split(name):
        return Name("beside", "", "")
    words = _words(name)
    if len(words) > 1 and words[-1] == "at":  # says when
        return Name("beside", "", words[-2])
    roles = ["number" if word.isdigit() else _ROLE.get(word, "") for word in words]
    is_name, numbered = words[-1:] == ["name"], False
    while len(words) > 1 and (roles[-1] in ("number", "filler") or (not roles[-1] and len(words[-1]) == 1)):
        numbered |= roles.pop() != "filler"
        words.pop()
    whose = next((mark for mark in ("second", "gold", "copy") if mark in roles), "odd" if numbered else "")
    found = _of(words, roles, whose)
    if is_name and found.role in ("posed", "text"):  # what a prompt is called is none
        return replace(found, role="beside")
    return found


def _of(words: list[str], roles: list[str], whose: str) -> Name:
    kept = [(word, role) for word, role in zip(words, roles, strict=True) if role not in MARKS]
    if not kept:
        maker = next((word for word in words if word in MAKERS), "")
        if maker and ("gold" in roles or words[-1] == maker):
            marked = "gold" if "gold" in roles else "second" if len(words) > 1 else ""
            return Name("", marked, maker)
        alone = next((word for word, role in zip(words, roles, strict=True) if role == whose), "")
        return Name("reply" if whose in ("gold", "second") else "", whose, alone)
    *before, (head, role) = kept
    if before and head in _NUMBERS and before[-1][1] in ("label", "attribute") and before[-1][0] != "annotation":
        return Name(before[-1][1], whose, before[-1][0], number=True)
    if before and before[-1][1] in _HELD_IN.get(head, ()):  # "target_text" is a target
        *before, (head, role) = before
    whose = whose or ("odd" if any(one not in (*ASKS, *ANSWERS, "context") for _, one in before) else "")
    if role == "heading" and whose in ("gold", "second"):  # of a text that was to be given one
        role = "reply"
    return Name("" if role == "number" else role, whose, head)


def is_answer(name: str) -> bool:
    """Whether a column is called like an output, by whomever that is."""
    return read(name).role in ANSWERS and read(name).role != "weak"


def judges(name: str) -> bool:
    """Whether a column says of an answer how good it is, or whether it may be given, by its name alone."""
    words = [word for word in _words(name) if _ROLE.get(word) != "reply" and word not in ("is", "was", "has", "label")]
    return len(words) == 1 and words[0] in JUDGED.split()


def is_group(name: str) -> bool:
    return any(name.lower() in (word, f"{word}_id", f"{word}id") for word in GROUPS)


def is_split(name: str) -> bool:
    """Whether a split is called so."""
    return any(name.strip().lower().removeprefix("is_") in words for words in SPLIT_WORDS.values())


def is_beside(name: str) -> bool:
    """Whether a column tells of a row and not of its text, by its name: no answer stands there."""
    return read(name).role in ("beside", "asked")


def may_be_asked(name: str) -> bool:
    """Whether a column that tells of a row may still be the answer, by its name: who speaks, and in which language."""
    return read(name).role == "asked"


def is_reference(name: str) -> bool:
    """Whether a column only says which row or file is meant, by its name: no text to be read stands there."""
    return read(name).role == "beside" and read(name).head in _ROWS


def is_called_after(name: str, other: str) -> bool:
    """Whether the name of a column begins with that of another: "domain_description" and "domain"."""
    words, of = _words(name), _words(other)
    return 0 < len(of) < len(words) and words[: len(of)] == of


def is_said_of(name: str, other: str) -> bool:
    """Whether a column is called after another, which names what it tells of: "airline_sentiment" and "airline"."""
    return not read(other).role and is_called_after(name, other)


def is_usual(name: str) -> bool:
    """Whether columns are often called so."""
    words = _words(name)
    known = [_ROLE.get(word, "") for word in words]
    return 0 < len(words) < 3 and all(known) and not {*known} <= {*MARKS}


def _words(name: str) -> list[str]:
    """The known words of a name, in the singular; others as they are, numbers apart."""
    parted = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", unicodedata.normalize("NFC", name)).lower()
    return [one for word in re.findall(r"[^\W\d_]+|\d+", parted) for one in _known(word)]


def _known(word: str) -> list[str]:
    """A word as the table has it, or the two known words that it is made of ("goldlabel")."""
    if (one := _singular(word)) in _ROLE:
        return [one]
    for at in range(max(2, len(word) - _LONGEST), min(_LONGEST + 1, len(word) - 1)):
        first, last = _singular(word[:at]), _singular(word[at:])
        if first in _ROLE and last in _ROLE:
            return [first, last]
    return [word]


def _singular(word: str) -> str:
    stems = (word, word.removesuffix("s"), re.sub(r"ies$", "y", word), word.removesuffix("es"))
    return next((stem for stem in stems if stem in _ROLE), word)
