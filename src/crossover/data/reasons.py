"""What stands behind a label that is stated: whether it tells of the text, so that a negation in it denies no label."""

from __future__ import annotations

import re

from crossover.data.called import GROUNDS_WORDS, LABEL_WORDS, LABEL_WORDS_ABROAD, TEXT_WORDS
from crossover.data.doubt import LABEL
from crossover.data.pattern import later

TEXT = rf"(?:{TEXT_WORDS})"  # what was asked about, as a reply calls it

# what tells of the text and not of its label, behind a label that is stated
_TELLS = later(
    rf"(?:the|das|der|die|el|la|le|il) (?!(?:\w+ )?(?:{LABEL_WORDS}|{LABEL_WORDS_ABROAD}|opposite|other|contrary|reverse"
    r"|latter|former|rest|confidence|certainty|probability|likelihood|first|previous|above|guess|conclusion|claim))[^\W\d]+"
    r"(?:['’]s)? (?![^.!?\n]*\b(?:that|this|so|such|one|it|case|true|right|correct|das|dies\w*|es|so|eso|cela|ça"
    r"|signs?|evidence|indications?|hints?|traits?|fits?|match\w*|appl(?:y|ies)|qualif\w*|present|detected|found)\b)"
    r"(?:[\w'’-]+[ ,]+){2,}",
    re.I,
)
_TELLS_ELSE = later(
    r"(?:there (?:is|are|was|were) no (?!such|way|question|chance|reason|evidence|indication|sign|hint|basis|ground|need)\w"
    r"|(?:nobody|no one|never) (?![^.!?\n]*\b(?:that|this|so|such|one|it)\b)(?:[\w'’-]+[ ,]+){2,})",
    re.I,
)
EXPLAINS = later(rf"\W{{0,40}}(?:{GROUNDS_WORDS})\W+", re.I)
GROUNDS_FIRST = later(  # grounds that a label is said behind
    r"\W*(?:since|as|because|given(?: that)?|considering(?: that)?|da|weil|comme|puisque|como|porque|poiché|omdat"
    r"|eftersom)\b"
    r"(?! if\b)[^\u2588]*[,;] (?=[^,;\u2588]*\w[^,;\u2588]*\u2588)",
    re.I,
)
# before it stand grounds, behind it the label alone: "..., so this is spam"
SO_IT_IS = later(
    r"[,;.] (?:and )?(?:so|therefore|thus|hence),? (?:(?:this|it|that)(?: is|['’]s| must be) |(?:I|we) (?:say|choose|pick) "
    r"|the (?:\w+ ){0,2}is )?(?:an? |the )?[\"'“‘*`(]*(?=\u2588)",
    re.I,
)
_COLON = later(r"\u2588[\"'”’*`)]*(?: (?:issue|problem|matter|inquiry|request|question))?\s*[:;,(–—-]+\s*(?:as |since )?")
# "It is not promotional.", "The message does not ask for money.": what is denied is told of the text,
_DENIES = later(
    rf"\s*(?:it|(?:the|this) {TEXT})(?:(?:['’]s| is| are| was| does| did| has)(?:n['’]t| not)| (?:has|contains|includes"
    rf"|mentions"
    r"|offers|makes) no)(?: an?| any| the)? (?P<what>[^.!?\n\u2588]+?)[)\s]*(?:[.!?\n]|$)",
    re.I,
)
_ADVISES = later(  # what to do with the text: "Do not click the link."
    r"\s*(?:please )?(?:do not|don['’]t|never) (?:click|open|reply|respond|pay|share|send|forward|worry|hesitate|download"
    r"|enter|buy)\b(?![^.!?\n]*\b(?:labels?|answer|this as|that as|it as)\b)",
    re.I,
)
_SPEAKS_OF_LABEL = later(
    r"\b(?:true|false|correct|right|wrong|accurate|so|that|this|it|one|what|which|case|applicable|appl(?:y|ies)"
    r"|appropriate|fit\w*"
    r"|suit\w*|valid|match\w*|goods?|best|better|certain\w*|sure\w*|clear\w*|obvious\w*|likel\w*|possib\w*|probab\w*"
    r"|justif\w*|warrant\w*|support\w*|convinc\w*|serious\w*|mean\w*|say\w*|said|call\w*|class\w*|categor\w*|label\w*"
    r"|answer\w*|options?|choices?|consider\w*|count\w*|belong\w*|hold|qualif\w*|seem\w*|look\w*|sound\w*|appear\w*|feel"
    r"|close|near|enough|all|much|yet|anymore|longer|else|typical\w*|kind|sort|type|way|truly|strict\w*|per se|question\w*"
    r"|doubt\w*|evidence|signs?|indicat\w*|reasons?|basis|grounds?|needs?|sense|such|thing|anything|something|none|these"
    r"|those|them|meet"
    r"|meets|criteri\w*|defini\w*|requirements?|standards?|satisf\w*|resembl\w*|relevant|related|reasonable|plausible"
    r"|credible"
    r"|fair|proper|deserv\w*|intend\w*|suppos\w*|known?|prove[nd]?|confirm\w*|establish\w*|verif\w*|determin\w*|decid\w*"
    r"|think|believe|agree\w*|accept\w*|apt|idea|clue|chance|luck|thanks|thank|please|sorry|wait|yes|no|not|never|nope"
    r"|maybe"
    r"|comment|problem|help|assist|use|worth|happen\w*|work|works|fact|truth|reality|opposite|contrary|again|problemo"
    r"|deal|dice"
    r"|final|settled|over|advis\w*|describ\w*|reflect\w*|captur\w*|back\w*|names?|confident|add|ring|found|present"
    r"|detect\w*"
    r"|observ\w*|select\w*|chose\w*|check\w*|assign\w*|flag\w*|visible|issue|concern|risk|remotely|slightest|least|often"
    r"|more"
    r"|view|book|do|go|how|final\w*|complete\w*|whole|quite|nearly|stand\w*|appl\w*|me|my|him|his|her|your|mine|content"
    r"|verdict"
    r"|nonsense|joke|joking|kidding|today|anyway|here|there|instead|but|or|either|neither|nor|only|just|i|we|you|if"
    r"|unless)\b",
    re.I,
)
_ABOUT_IT = later(
    r"(?<=\w)(?:(?<=like)|(?<=enjoy)|(?<=love)|(?<=want)|(?<=mention)|(?<=recommend)) (?:it|this|that)\b", re.I
)
_TAKES_BACK = later(
    rf"\s*(?:this|the|that) (?:other )?(?:{LABEL_WORDS})\b"
    r"[^.!?\n\u2588]{0,80}"
    r"(?:\bnot\b|n['’]t\b|\b(?:rejected|wrong|incorrect|another|possible|better|discarded|withdrawn|(?:would|could"
    r"|might|may)(?! be\W{1,3}\u2588))\b)",
    re.I,
)
_ADVERBS = later(r"\b(?:really|quite|very|exactly|entirely|actually|particularly|necessarily|always|even|also|at)\b", re.I)


def tells(later: str) -> bool:
    """Whether what begins here, behind a label, is told of the text: its negations deny no label."""
    if _ADVISES.match(later) or _TELLS.match(later) or _TELLS_ELSE.match(later):
        return True
    denied = _DENIES.match(later)
    if denied is None or _SPEAKS_OF_LABEL.search(_ABOUT_IT.sub("", denied["what"])):
        return False
    return re.search(r"[^\W\d_]{3}", _ADVERBS.sub("", denied["what"])) is not None


def takes_back(later: str) -> bool:
    """Whether what begins here, behind a label, says of the label that it is not so: "This label is wrong"."""
    return _TAKES_BACK.match(later) is not None


def without_reason(said: str) -> str:
    """A sentence with `LABEL` in it, without what tells of the text behind its label and a seam."""
    colon = _COLON.search(said)
    return said[: colon.start() + 1] if colon and LABEL not in said[colon.end() :] and tells(said[colon.end() :]) else said
