"""What people call their columns: those of inputs, of outputs, of groups, and of what is neither."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence

_GIVEN = ("label", "answer", "output", "response", "reply", "completion", "summary", "translation", "class", "category")
_SURE = ("gold", "golden", "ground_truth", "true", "correct", "reference", "expected", "ideal")
# the most telling first: what is called gold is, beside what a model answered
GOLD = (
    *("gold_label", "gold", "gold_answer", "ground_truth", "groundtruth", "ground_truth_answer", "true_label"),
    *("correct_answer", "best_answer", "reference_answer", "expected_output", "expectedoutput", "expected_answer", "ideal"),
    *(f"{sure}_{given}{several}" for several in ("", "s") for sure in _SURE for given in _GIVEN),
    *("human_label", "human_labels"),
    *("adjudicated", "adjudicated_label", "final_label", "corrected_label", "label_corrected", "consensus_label"),
    *("majority_label", "majority_vote"),
)
OUTPUTS = [
    *GOLD,
    *("label", "labels", "category", "intent", "class", "output", "answer", "answers", "target", "completion", "expected"),
    *("sentiment", "topic", "queue", "type", "tag", "response", "reply", "summary", "translation", "slots", "json"),
    *("answerkey", "outputs", "highlights", "emotion", "emotions", "stance", "polarity", "relation", "verdict"),
    *("relevance", "targetvalue", "target_value", "canonical_solution", "solution", "sql"),
    *("etiqueta", "categoria", "categoría", "clase", "classe", "étiquette", "catégorie", "etichetta", "kategorie"),
    *("klasse", "sentimiento", "sentimento", "sentimen", "respuesta", "resposta", "réponse", "risposta", "antwort"),
    *("etiket", "kategori", "метка", "класс", "категория", "тональность", "ответ", "标签", "標籤", "类别", "類別"),
    *("情感", "答案", "回答", "ラベル", "레이블", "라벨", "정답"),
    "annotation",
]
RATINGS = (
    *("rating", "stars", "grade"),
    *("star_rating", "review_rating", "overall_rating", "user_rating", "customer_rating", "review_stars"),
)
# outputs where nothing else looks like labels: a post's votes are its "score", and a paper's number its "reference"
WEAK_OUTPUTS = (*RATINGS, "similarity", "score", "reference", "references")
INPUTS = [
    *("input", "text", "message", "question", "prompt", "sentence", "utterance", "query", "content", "body"),
    *("document", "review", "comment", "email", "ticket", "description", "title", "subject", "instruction"),
    *("tweet", "article", "post", "inputs", "snippet", "headline", "caption", "dialogue", "conversation"),
    *("texto", "texte", "testo", "frase", "mensaje", "mensagem", "messaggio", "pregunta", "pergunta", "domanda"),
    *("comentario", "nachricht", "satz", "frage", "metin", "yorum", "soru", "текст", "сообщение", "вопрос", "отзыв"),
    *("文本", "内容", "评论", "句子", "问题", "テキスト", "文章", "質問", "텍스트", "문장", "질문"),
]
# what splits are called, in names of files and in columns that say which split a row is of
SPLIT_WORDS = {"train": ("train", "training"), "dev": ("dev", "val", "valid", "validation"), "test": ("test",)}
# what is read for an answer, and is none itself
CONTEXTS = ("context", "passage", "premise", "premises", "evidence", "story", "background", "facts")
GROUPS = ["group", "customer", "user", "author", "conversation", "session", "thread", "account", "patient"]
# what tells of a row and not of its text: where it is from, who made it and when, what a model said of it
_MAY_BE_ASKED = "season|year|month|day|speaker|lang(?:uage)?"
_BESIDE = re.compile(
    rf"{_MAY_BE_ASKED}|episode"
    r"|(?:(?:row|sent|sentence|example|question)[ _])?(?:idx|index)|(?:unnamed:? ?|sr\.? ?no\.?)\d*"
    r"|(?:.*[ _.-])?(?:ids?|uuid|guid|hash|ur[il]|link|source|meta|metadata|date|datetime|time|timestamp|tstamp"
    r"|annotators?|annotations?|agent|completed[ _]by|(?:created|updated|modified|annotated|submitted)(?:[ _]?(?:at|by"
    r"|on))?|split|fold|file(?:[ _]?name)?|file[ _]upload|path|agreement|confidence|predictions?|predicted|pred|probability"
    r"|is_(?:train|training|dev|val|valid|validation|test)"
    r"|suggestion|tokens|comment[ _]authors)"
    r"|(?:sent|sentence|doc|document|text|row|item|example|story|passage|question|post|tweet|review|user|pair|prompt"
    r"|caption)ids?"
    r"|pred(?:icted)?[ _.-].*|.*\.(?:responses\.(?:users|status)|suggestion\..*)|_.+",
    re.I,
)
_REFERENCE = re.compile(r"(?:.*[ _.-])?(?:ids?|uuid|guid|hash|idx|index|file(?:[ _]?name)?|path)", re.I)
# the number of a class, or its place in a tree of them
_OF_CLASS = re.compile(
    r"(?:.*[ _.-])?(?:label|class|category|intent|topic|sentiment|emotion|genre)[ _.-](?:id|idx|index|path)", re.I
)
# what a model said, or what was said before somebody corrected it
_SECOND_HAND = re.compile(
    r"(?:.*[_.])?(?:models?|llm|(?:gpt|chatgpt|claude|llama|gemini|mistral|qwen|bert)[\w.]*?|bot|ai|baseline|system|machine"
    r"|auto|automatic|generated|predicted|weak|noisy|silver|old|previous|prev|initial|original)"
    rf"_(?:{'|'.join(_GIVEN)}|labels|answers|outputs|responses|sentiment|intent|topic|prediction|generation)",
    re.I,
)


def by_name(columns: Iterable[str], known: Sequence[str], whole: bool = False) -> str | None:
    """The column with the most telling of the known names, in any case and with any separator, else (unless `whole`) with
    "text" behind it ("target_text"); None without one."""
    lower = {_plain(name): name for name in reversed(list(columns))}
    longer = {plain.removesuffix("_text"): name for plain, name in lower.items()}
    return next((found[name] for found in (lower, *((longer,) * (not whole))) for name in known if name in found), None)


def first_hand(names: Sequence[str]) -> list[str]:
    """The names without those of what a model said, or of what was corrected later, where others are left."""
    return [name for name in names if not _SECOND_HAND.fullmatch(_plain(name))] or list(names)


def is_group(name: str) -> bool:
    return any(name.lower() in (word, f"{word}_id", f"{word}id") for word in GROUPS)


def is_split(name: str) -> bool:
    """Whether a split is called so."""
    return any(name.strip().lower().removeprefix("is_") in words for words in SPLIT_WORDS.values())


def is_beside(name: str) -> bool:
    """Whether a column tells of a row and not of its text, by its name: no answer stands there."""
    return _BESIDE.fullmatch(name.strip()) is not None and not _OF_CLASS.fullmatch(name.strip())


def of_class(name: str) -> bool:
    """Whether a column has the number of a class, or of a thread, a school's class, a node: its names say more."""
    return _OF_CLASS.fullmatch(name.strip()) is not None


def may_be_asked(name: str) -> bool:
    """Whether a column that tells of a row may still be the answer, by its name: who speaks, and in which language."""
    return re.fullmatch(_MAY_BE_ASKED, name.strip(), re.I) is not None


def is_reference(name: str) -> bool:
    """Whether a column only says which row or file is meant, by its name: no text to be read stands there."""
    return _REFERENCE.fullmatch(name.strip()) is not None and not _OF_CLASS.fullmatch(name.strip())


def is_usual(name: str) -> bool:
    """Whether columns are often called so."""
    plain = _plain(name)
    usual = {
        *OUTPUTS,
        *WEAK_OUTPUTS,
        *INPUTS,
        *GROUPS,
        "id",
        "index",
        "idx",
        "name",
        "date",
        "url",
        "source",
        "split",
        "lang",
        "language",
    }
    return plain in usual or plain.removesuffix("s") in usual or plain.endswith("_id")


def _plain(name: str) -> str:
    return re.sub(r"[ _-]+", "_", unicodedata.normalize("NFC", name).lower().strip())
