"""Whether a sentence leaves its label open: as possible, under a condition, as one of several, or as improbable."""

from __future__ import annotations

import re
from functools import lru_cache

from crossover.data.called import LABEL_WORDS
from crossover.data.pattern import later

LABEL = "\u2588"  # stands where a label stood

_GAP = r"\W{0,40}"  # between words; bounded, or what repeats itself takes time like the fourth power of its length
_UNCITED = r"(?:[^\w\"“„«]|[\"“](?!\w)){0,40}"  # the same, but for a quote that opens: what is cited takes nothing back
_WITHIN = r"[^,;.!?\n\u2588]{0,200}"  # up to the next label, within its clause
_NEXT_LABEL = rf"\W{{0,3}}(?:an? |the |as |in |it's |it is |eine? |un[ae]? )?\W{{0,3}}{LABEL}"
_DOES = r"be|have been|fit|fall|belong|count|pass|look|seem|qualify|apply|work|also|well|even"
_CALLED = r"call|say|think|argue|label|classify|mean|read|see|take|consider"
# what leaves open whatever stands behind it in its clause
_OPEN = (
    rf"maybe|perhaps|possibl[ey]|conceivably|potentially|(?:may|might|could|can)(?: \w+)? (?:{_DOES}|{_CALLED})"
    rf"|would(?: \w+)? (?:{_DOES})|whether|borderline|almost|nearly|partly|partially|close to|between|mix(?:ture)? of"
    r"|combination of|both|either(?! way)"
    r"|tempted to|pretend\w*|claims? to|supposed(?:ly)?(?: to)?|so-called|used to be|similar to|resembl\w*|at first"
    r"|less|otherwise|depend\w*|than|versus|vs|kind of|sort of|seemingly|only (?:looks?|seems?|appears?)"
    r"|possibility of|against|(?:stop|ceas)\w* (?:being|to be)|(?:wrongly|mistakenly|falsely) (?:label|call|classif)\w*"
    r"|(?:few|some|others?|people)(?: \w+)? (?:would|may|might|could)"
    r"|vielleicht|möglicherweise|eventuell|womöglich|könnte|wäre|würde|entweder|beinahe"
    r"|peut-être|possiblement|pourrait|serait|soit|quizás?|tal vez|podría|sería|puede (?:ser|que)|a lo mejor"
    r"|talvez|poderia|seria|pode ser|forse|potrebbe|sarebbe|misschien|mogelijk|zou|kanske|måske|kanskje|ehkä"
    r"|может быть|возможно|наверное|быть может|może|chyba|belki|mungkin|có thể|có lẽ|ربما|قد|शायद"
)
_OPEN_UNSPACED = "可能|也许|或许|大概|かもしれ|たぶん|多分|おそらく|可能性|아마|อาจ"
_LEFT_OPEN = later(
    rf"\b(?:{_OPEN})\b{_WITHIN}{LABEL}|(?:{_OPEN_UNSPACED}){_WITHIN}{LABEL}|{LABEL}{_WITHIN}(?:{_OPEN_UNSPACED})", re.I
)
_OPENS = later(r"\W*(?:maybe|perhaps|possibly|vielleicht|peut-être|quizás?|tal vez|talvez|forse|может быть)\b", re.I)
_TAKEN_BACK = later(
    rf"{LABEL}\W{{0,3}}(?:\w+ ){{0,2}}(?:maybe|perhaps|possibly|(?:may|might|could|can|would)(?: \w+)? (?:{_DOES})"
    rf"|vielleicht|peut-être|quizás?|talvez|forse|olabilir)\b"
    rf"|{LABEL}[^.!?]{{0,200}}\b(?:but|yet|although|though) (?:it |this |that )?"
    r"(?:is|'s|was|actually|really|in fact|turns|could|might|may)\b"
    rf"|\b(?:should|seems?|looks?|sounds?|appears?|reads?|feels?)\b{_WITHIN}{LABEL}[^.!?]{{0,200}}[,;—–-]\s*(?:and )?"
    r"(?:yet|but|although|though|however)\b"
    rf"|\b(?:seems?|looks?|sounds?|appears?|reads?|feels?)\b{_WITHIN}{LABEL}[^.!?]{{0,200}}\b(?:though|however)\W*$"
    rf"|{LABEL}\W{{0,3}}(?:\w+ ){{0,3}}at first\b"
    rf"|{LABEL}\W{{0,3}}(?:(?:is|seems|remains) )?(?:possible|conceivable|plausible|at best"
    r"|vs|versus|by mistake|mistakenly|wrongly)\b",
    re.I,
)
_WOULD_BUT = later(
    rf"\b(?:would|['’]d)\b{_WITHIN}{LABEL}[^.!?]{{0,200}}[,;—–-]\s*(?:and )?(?:yet|but|although|though|however|except"
    rf"|only)\b",
    re.I,
)
_CHOSEN = later(  # "The best label would be ...", "It can be classified as ...", "... would be my choice" name one
    rf"\b(?:{LABEL_WORDS}|match|fit)\b"
    rf"(?:[^,;:.!?\n{LABEL}]{{0,200}})\bwould (?:therefore |then |thus )?be\b"
    r"|\b(?:can|should|would) (?:best )?be (?:\w+ )?"
    r"(?:classified|categori[sz]ed|labell?ed|described|considered|assigned|put)\b"
    rf"|^\W*(?:that|this)(?: would|['’]d) be(?= (?:an? |the )?{LABEL}+\W*$)"
    r"|\bwould (?:best |most likely )?(?:(?:fall|belong|go|fit) (?:under|into?|to|within)|(?:count|qualify) as)\b"
    r"|\bwe can (?:\w+ )?(?:say|classify|label|conclude)\b"
    rf"|\bich würde(?= {LABEL}+ (?:sagen|wählen)\b)"
    r"|\bcan only be\b|\bwürde (?:ich )?(?:sagen|meinen)\b|\bwürde ich (?:\w+ )?als\b|\bich würde (?:d\w+ \w+ |es )?als\b"
    r"|\bwould (?:be|fit) (?:the |a |an |my )?(?:\w+ )?"
    r"(?:best|right|correct|appropriate|suitable|proper|fitting|better|choice|answer|pick|label)\b",
    re.I,
)
_CHOICE = later(
    rf"\b(?:or|oder|ou|eller|или|lub|veya|atau|hoặc|أو|या|and/or)\b(?: \w+){{0,2}}?{_NEXT_LABEL}"
    rf"|{LABEL}[\"'”’*`)]*(?:,?\s+(?:\w+ )?|\.\s+)(?:or|oder|ou|eller|или|lub|veya|atau|hoặc|أو|या|and/or)\b"
    rf"|{LABEL} ?/ ?[^\s>]|[^\s<] ?/ ?{LABEL}|{LABEL} is {LABEL}"
    rf"|(?:或|还是|または|あるいは|혹은|또는|หรือ)\W{{0,3}}{LABEL}|{LABEL}\W{{0,3}}(?:或|还是|または|あるいは|혹은"
    rf"|또는|หรือ)",
    re.I,
)
_IF = later(
    r"(?<!know )(?<!knows )(?<!ask )(?<!asks )(?<!asking )(?<!asked )(?<!wonders )(?<!wondering )(?<!see )(?<!check )"
    r"(?<!even )\bif\b|\b(?:unless|assuming|supposing|suppose"
    r"|(?<!you )(?<!you have )(?<!the )(?<!user )(?<!information )(?<!text )(?<!content )provided"
    r"|in case|depending|depends|had it|were it"
    r"|should (?:it|this) (?:be|come|have)"
    r"|falls (?:es|er|sie|der|die|das)|wenn|sofern"
    r"|sauf si|a menos que|a no ser|если|nếu|jeśli|eğer|jika|إذا|अगर)\b|\bsi\b(?!,)|如果|要是|もし|만약|ถ้า",
    re.I,
)
# what takes back a label that was said before it
_RETRACTED = later(
    rf"{LABEL}.*?(?:\b(?:hold on|hang on|(?:strike|scratch) that|take (?:that|it|this) back|on (?:second thoughts?"
    rf"|reflection)"
    r"|let me (?:re ?)?(?:think|consider|check)|i (?:misread|changed my mind)|correction)\b"
    rf"|[.,;:!?…—–(\n-]{_UNCITED}(?:just kidding|kidding|what a (?:joke|farce|laugh)|(?:think|guess|try|look|read) again"
    r"|in jest|ha|yeah\W+sure"
    r"|(?:cancel|ignore|delete|forget|disregard|drop|undo|reverse) (?:that|this|it|my|the|i|what)|please ignore\b"
    r"|then again"
    r"|scratch it|(?:let me |i will |i['’]ll )?start(?:ing)? over|i made (?:that|this|it) up|on the contrary"
    rf"|(?:quite )?the (?:opposite|reverse)\b(?! of (?!(?:it|that|this|what)\b|{LABEL}))"
    r"|think twice"
    rf"|(?:this|that|(?:this|that|the) (?:{LABEL_WORDS})) is (?:just |only )?an? (?:lie|placeholder|example|test|sample)\b"
    r"(?! of\b)|(?:just|only) an? (?:example|placeholder|test|sample)\b(?! of\b)"
    r"|that['’]s (?:just |only )?(?:an?|the|my) (?:lie|placeholder|example|test|sample)\b(?! of\b)"
    r"|but wait\b|quatsch\b|错(?!误)|錯(?!誤)"
    r"|just testing|if you (?:say so|insist)"
    r"|only in part"
    r"|to (?:some|others)(?=\W*$)|c'est faux|es mentira|lo dudo|ne duvido|duvido|j'en doute|je doute|dubito|сомневаюсь"
    r"|joking|psych|gotcha|oops|whoops|sorry(?! (?:for|about|i can))|(?:ha){2,}|my (?:bad|mistake|error)"
    r"|i (?:meant?|lied|misspoke|mixed"
    r"|retract|withdraw|(?:was|am) (?:wrong|kidding|joking))|as if\b(?! by)|yeah,? right\b|in your dreams|if only\b"
    r"|(?:that is|that['’]s) what (?:they|he|she|you|it|the \w+) \w+|at least (?:that|so)\b|that was (?:the|my|an?"
    r"|before|wrong|once|then|until)\b|das war\b"
    r"|or so\b|i (?:beg|disagree|object|dispute|doubt|reject|refuse))\b|\bwhich i (?:reject|dispute|doubt)\b"
    r"|\b(?:a|the) \w+ (?:that )?i (?:reject|dispute|doubt)\b"
    r"|怀疑|懐疑|疑わしい|리가|はず(?:が|は)"
    r"|[.!?]\s+[^.!?]{0,200}, though[.!]*\s*$"
    rf"|[.,;:!?…—–-]{_UNCITED}(?:(?:oh|no|hmm+|but|ah){_UNCITED})?"
    r"(?:wait\b|actually\W+(?:it|this|that|no|the other|i|rather)\b))",
    re.I | re.S,
)
_JUDGE = (
    r"(?:(?:tell|say)(?! (?:any|some)thing \w)|know|judge|decide|determine|classif\w+|categori\w+|label|assess|call|answer"
    r"|choose|pick|rate|be (?:sure|certain)|distinguish|interpret|see(?= (?:if|whether|which|what)\b|\W*$)"
    rf"|(?:give|make) (?=(?:an?|any|the) (?:\w+ )?(?:call|guess|judge?ment|{LABEL_WORDS})\b))\b"
)
_UNSURE = later(
    r"(?:^|[.!?;,(—–\n]\s{0,9}|\s-\s|\b(?:but|though|however|hmm*|well|uh|um|honestly|sorry),? )"
    r"(?:I(?:['’]m| am) |it(?:['’]s| is) |that(?:['’]s| is) |this is "
    rf"|the (?:{LABEL_WORDS}) (?:is|remains) )?"
    r"(?:not (?:\w+ )?(?:sure|certain|clear|obvious)|unsure|uncertain|unclear|ambiguous|undecided"
    rf"|(?:hard|difficult|impossible|tough|tricky) to {_JUDGE}|(?:a )?(?:hard|tough|close|difficult) call"
    r"|no (?:idea|clue)|a (?:coin )?(?:toss|flip)|a toss-up|toss-up|it depends|could go (?:either|both) ways?"
    r"|can(?:no|['’])t (?:say|tell|decide|be sure|be certain)|(?:who|god) knows|beats me|with (?:some )?reservations"
    r"|(?:just |only |merely )?(?:an? )?(?:wild |pure |mere )?guess(?:ing|work)?(?=\W*$)|(?:take|taken) (?:it "
    r"|this )?with a "
    r"(?:grain|pinch) of salt|(?:I )?(?:could|may|might) (?:also |well )?be (?:wrong|mistaken|otherwise"
    r"|different|something else)|(?:maybe|perhaps) something else|(?:another|the other|a different"
    r"|the second) (?:label|one|option"
    r"|answer|class|category) (?:fits|is|would be|may be|might be|works) (?:better|best|right|correct|more)"
    r"|more (?:context|information|details?) "
    r"(?:is|are|would be) (?:needed|required)"
    r"|unsicher|unklar|schwer zu|difficile à|difícil de)"
    r"|\bI (?:do not|don['’]?t|cannot|can['’]?t|could not|couldn['’]?t|am unable to|would not) (?:\w+ )?"
    r"(?:know|tell|say|decide|determine|classify|judge)\b"
    r"|\bI (?:cannot|can['’]?t|can not|will not|won['’]t|(?:am|['’]m) (?:unable|not able) to|refuse to) (?:answer"
    r"|comply|assist"
    r"|help(?: you)? with (?:this|that)|provide (?:an?|any|the) (?:label|answer|classification))\b"
    r"|(?:^|[.!?]\s)I refuse\W"
    rf"|(?<![\w/:*])(?<![:*] )n/a(?![\w/])|(?<![\w-])(?:{LABEL_WORDS})[\W_]{{1,6}}n/a(?![\w/])"
    r"|\?{3}|\bweiß (?:es )?nicht\b|\bno (?:lo )?sé\b|\bne sais pas\b|不确定|わかりません"
    r"|(?<![\d/])50 ?/ ?50(?![\d/])|\bfifty[- ]fifty\b",
    re.I,
)
_ALONE = later(r"\W*(?:hmm*|maybe|perhaps|possibly|vielleicht|peut-être|quizás?|talvez|forse)\W*$", re.I)
_CHANCE = (
    r"(?:probabilit\w*|likelihood|chances?|odds"
    r"|(?:risk|score)(?!(?: (?:level|assessment|class|category))? ?(?:is|:|=)\W{0,4}\u2588+\W*$)|wahrscheinlichkeit"
    r"|probabilidade?|probabilité|probabilità|kans"
    r"|вероятность)\b|\bp(?=\W?\(?\u2588)|(?:概率|可能性|確率)"
)
_PROBABLE = later(rf"\b(?:{_CHANCE}){_WITHIN}{LABEL}|{LABEL}[^;!?\n]{{0,200}}\b(?:{_CHANCE})", re.I)
_LOW = later(
    r"\b(?:low|little|small|slight|slim|minimal|weak)(?:er)? (?:\w+ )?(?:confiden\w*|certain\w*|probab\w*|chance)\b"
    r"|\bconfidence\b[\W_]{1,6}(?:(?:is|level|very|rather|quite|too)\W+){0,3}(?:low|weak|poor|minimal)\b",
    re.I,
)
_SHARE_SURE = later(
    rf"(?<!\d)(?P<number>\d+(?:[.,]\d+)?)\s*(?P<unit>%|percent|per cent)\s*(?:\w+ ){{0,5}}?{_NEXT_LABEL}"
    rf"|{LABEL}\W{{0,6}}(?:[\w'’]+ ){{0,3}}(?:confiden\w*|certain\w*|sure\w*)\W*(?:\w+ ){{0,3}}"
    r"(?P<behind>\d+(?:[.,]\d+)?)(?P<by>\s*%?)(?:\s*(?:/|out of)\s*(?P<whole>\d+))?"
    rf"|{LABEL}\W{{0,6}}(?:[\w'’]+ ){{0,3}}(?P<with>\d+(?:[.,]\d+)?)(?P<unit_with>\s*%) (?:confiden|certain|sure)",
    re.I,
)
_SURENESS = later(r"[\s(\[*_]*(?:[\w%.'’]+[ *_]+){0,4}?(?:confiden\w+|certain\w*|sure)\b", re.I)
_PART_OF_ONE = later(r"(\d+(?:[.,]\d+)?)\s*(%|percent|per cent|(?:out of|in|/|von|sur|de)\s*(\d+))?", re.I)


@lru_cache(64)  # a sentence may mention its label many times
def doubted(sentence: str) -> bool:
    """Whether a sentence with `LABEL` in the place of its label leaves open that it is so."""
    plain = _CHOSEN.sub("is", sentence)
    if _WOULD_BUT.search(sentence):
        return True
    if any(sign.search(plain) for sign in (_LEFT_OPEN, _TAKEN_BACK, _CHOICE, _IF, _LOW)) or _OPENS.match(plain):
        return True
    if _PROBABLE.search(plain):
        said = _PART_OF_ONE.search(plain)
        return said is None or _share(said[1], said[2] or "", said[3]) < 0.5
    sure = _SHARE_SURE.search(plain)
    if sure is None:
        return False
    number, unit = sure["number"] or sure["behind"] or sure["with"], sure["unit"] or sure["by"] or sure["unit_with"] or ""
    return _share(number, unit, sure["whole"]) <= 0.5


@lru_cache(64)
def unsure(text: str) -> bool:
    """Whether the whole text says that its author does not know, or no longer means what it said."""
    if _UNSURE.search(text) is not None:
        return True
    first = text.find(LABEL)  # what takes back any label stands behind the first
    return first >= 0 and _RETRACTED.match(text, first) is not None


def hesitant(sentence: str) -> bool:
    """Whether a sentence beside a label's is nothing but a doubt: "Maybe.", "Confidence: 10%"."""
    if _SURENESS.match(sentence):
        return doubted(f"{LABEL}, {sentence.lstrip(' ([')}")
    return _ALONE.match(sentence) is not None


def _share(number: str, unit: str, whole: str | None) -> float:
    """What part of 1 a number is; 0 where that is not said."""
    value = float(number.replace(",", "."))
    if whole:
        return value / float(whole) if float(whole) else 0.0
    if unit.strip():
        return value / 100
    return value if value <= 1 else 0.0
