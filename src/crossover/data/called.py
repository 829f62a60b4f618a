"""What replies call what was asked about, its label and their grounds: alternatives of a regular expression."""

from __future__ import annotations

TEXT_WORDS = (
    r"message|sms(?: message)?|text message|mail|e[- ]?mail|review|tweet|post|comment|sentence|statement|question|query"
    r"|request|input|passage|document|article|ticket|item|code(?: snippet)?|headline|title|utterance|snippet|content"
    r"|customer|user|writer|sender|reviewer|one|case|text|claim|pair|lesion|tumou?r|finding|response|issue|alert|incident"
    r"|transaction|conversation|dialogue|paragraph|essay|story|author|speaker|premise|hypothesis|film|movie|product"
)
LABEL_WORDS = (
    "label|answer|category|class|classification|prediction|choice|option|sentiment|topic|intent|intention|emotion|output"
    "|result|verdict|pick|queue|tag|decision"
)
LABEL_WORDS_TOO = (  # which are as often something else: a field of an object, a word of prose
    "type|rating|language|theme|department|match|fit|conclusion|opinion|tone|analysis|score"
)
LABEL_WORDS_ABROAD = (
    "antwort|kategorie|bewertung|réponse|catégorie|étiquette|respuesta|categoría|etiqueta|resposta|risposta|antwoord|duygu"
    "|情感|类别|類別|標籤|标签"
)
BEST_WORDS = r"final|correct|best|right|overall|predicted|most \w+"
GROUNDS_WORDS = (
    "explanation|reason(?:ing)?|rationale|justification|begründung|explication|motivo|açıklama|解释|理由"  # as a heading
)
