"""Whether the words around a label say that it is the answer: only words that are known to, so that no other can deny it.

Nobody can list all the ways to deny, to quote or to doubt a label. The ways to state one are few: a clause in which every
word is one of them states its label, and any other clause leaves it unsaid.
"""

from __future__ import annotations

import re
from functools import lru_cache

from crossover.data.called import LABEL_WORDS, LABEL_WORDS_TOO, TEXT_WORDS
from crossover.data.pattern import later
from crossover.data.words import marks

_KIND = f"{LABEL_WORDS}|{LABEL_WORDS_TOO}"
# also asked about, and only in front of an answer: "The priority is low."
_ASKED = (
    "priority|urgency|severity|difficulty|level|genre|mood|feeling|stance|polarity|relation|relationship|recommendation"
    "|grade|country|programming language|group|age(?: (?:group|range))?|sentiment polarity|cefr|assessment|diagnosis"
    "|risk(?: (?:level|assessment|class|category))?|(?:http |response |error |status )?code|status|version|size|currency"
    "|outcome|judge?ment|part of speech|date|day|month|year|time|language code|winner|amount|reaction|action"
)
_BEST = (
    "best|right|correct|true|final|most|likely|probable|probably|appropriate|suitable|fitting|proper|closest|better"
    "|single|given|provided|matching|predicted|expected|dominant|relevant|accurate|plausible|overall|primary|main"
    "|chosen|selected|assigned|suggested|best fitting|gold|only"
)
_SURELY = (
    "clear|definite|resounding|clearly|definitely|obviously|certainly|surely|undoubtedly|very|quite|rather|simply"
    "|indeed|really|therefore|thus"
    "|hence|so|then|here|again|also|just|of course|for sure|without (?:a|any) doubt|without hesitation|i e"
    "|that is to say|without question|no doubt"
    "|evidently|plainly|absolutely|exactly|precisely|strongly|highly|primarily|mainly|mostly|all in all|in short"
    "|in summary|in conclusion|in the end|without (?:any )?question|finally|ultimately|overall|in my opinion"
    "|in my view|to me|for me|for this|for the|i am sure|i'm sure|overwhelmingly|predominantly|purely|entirely"
    "|completely"
)
# scripts without spaces: pieces of what is written in one
_PIECES = (
    r"最终|最終|结论|結論|归类|歸類|综上所述|綜上所述|答案|答|故|选|選|选项|選項|本题|本題|非常|很|十分|标签|標籤|类别|類別|分类|分類|正确|正確|应该"
    r"|應該|应|應|结果|結果|评分|評分|分析|表达了|文字|段|内容|文本|消息|邮件|我|认为|認為|选择|選擇|明显|明顯|情感|情绪|情緒|感情|倾向|評論|评论|评价|總體|总体|来说|因此|所以|これ|この|の"
    r"|それ|は|が|を|です"
    r"|でした|である|だ|と|に|答え|回答|正解|ラベル|分類|分類され|カテゴリ|カテゴリー|文|メッセージ|なります|思います|明らかに|レビュー|文章|コメント|口コミ"
    r"|이것은|의|카테고리는|메시지의|이것|이|그|정답은|정답|답은|답|은|는|라벨|분류|입니다|이다|예요|이에요|로|으로"
    r"|메시지|리뷰|문장|댓글|감정|คำตอบ|ความรู้สึก|นี้|คือ|นี่|เป็น|ข้อความ|ป้าย"
)
# what a phrase may be, by language; a word that states only with another stands with it
_PHRASES = (
    # English
    rf"(?:{TEXT_WORDS})(?:'s)?(?: you(?: have|'ve)? (?:provided|gave|given|sent|shared))?|(?:{_KIND})"
    rf"|(?:{_ASKED})|(?:{_BEST})|(?:{_SURELY})|(?:label|answer|category|class|choice|option|here|there)'s",
    r"the|an?|it|its|it's|this|that|that's|these|my|our|your|i|we|is|are|am|i'm|as|is that|that is|that this|that it",
    r"(?:qualifies|counts)(?: here)? as|characteri[sz]ed(?: as)?|(?:squarely|firmly|clearly) (?:under|in|within)"
    r"|file (?:this|it)"
    r"|the above(?: text| message)?|here you go|(?:we are|we're) dealing with|(?:we are|we're|you are|you're) looking at"
    r"|what we have(?: here)? is|(?:i|we)(?: have)? decided(?: on)?|going to go with|on this one|bucket|would (?:fall"
    r"|belong"
    r"|go|fit)(?: under| in| into| to| within)?|would (?:count|qualify) as",
    r"y+|yes|yeah|sure|ok|okay|hmm+|wait|ans|(?:student|candidate|model|assistant)'s"
    r"|information provided|great|well|absolutely|alright"
    r"|hello|hi|there|thanks|you should (?:choose|pick|select|answer)|(?:i|we) can conclude that|(?:i|we) have y+"
    r"|thank you|please|here is|here are",
    r"(?:should|must|can only|would|has to|have to|needs to|ought to|can|appears to|seems to) (?:best |most likely "
    r"|probably |then |therefore |clearly |only )?be|(?:i|we) (?:would|will|should|must)|i'd|(?:should|must) (?:go"
    r"|fall|belong)(?: to| in| into| under)?|we'd|i'll|we'll|let's|let us",
    r"(?:looks?|sounds?|reads?|feels?|seems?) (?:very |most |clearly |exactly |just |a lot )?like|looks?|seems?(?: to be)?",
    r"appears?(?: to be)?|sounds?|reads? as|indicates?|expresses|shows?|conveys?|depicts|reflects|gives|gave|deserves",
    r"(?:(?:overall|general|main|dominant|primary) )?emotional|likely to be|feels|(?:is )?(?:expressing|feeling)",
    r"say|think|believe|guess|choose|pick|select|assign|call|label|labell?ed|classif(?:y|ied)|categori[sz]ed?|tag"
    r"|tagged|mark|marked|prefer|rate|rated|answer|answering|predict|conclude|decide on|opt for|settle on|settled on"
    r"|described|considered|put|(?:go|going|went|gone) (?:with|for)|reply|respond|read|(?:is|it's) (?:about|related to"
    r"|concerned with)|concerns|(?:route|send|forward|direct|move)(?: (?:this|it))?(?: to)?|pass (?:this"
    r"|it)(?: on)? to|one of the list|only|(?:should|must|needs to|has to) be (?:routed|sent|forwarded|directed"
    r"|passed on) to|written in|an? (?:clear |typical |classic )?(?:case|example|instance) of|(?:is )?an? typical"
    r"|is typical|(?:am |i'm )?(?:classifying|labell?ing|categori[sz]ing)|which makes (?:it|this)|(?:expressed"
    r"|conveyed)(?: here| in)?|(?:have|has been|have been) (?:labell?ed|classified|categori[sz]ed)|give (?:this|it)",
    r"belongs? (?:to|in|into|under)|falls? (?:under|into|in|within)|go(?:es)? (?:to|under|into|in)|fits?(?: best| into"
    r"| under| in)?|(?:matches|applies)(?: best)?|under|into|with (?:the|label|category|class)|to the|in the"
    r"|in category|of(?: the)?|based on|given|according to|from|out of|of these(?: labels| options| categories)?"
    r"|among(?: these| them)?|of (?:all|them|this)|(?:given )?(?:options|labels|categories|choices)|has",
    r"(?:(?:quite|very|fairly|pretty|rather|absolutely|completely|\d+ ?%?) )?(?:confident|certain|sure"
    r"|positive)(?: that| of)?|(?:with )?(?:high|very high|full|great) (?:confidence|certainty|probability)|confidence"
    r"|probability|with \d+ ?(?:%|percent)?(?: (?:confidence|certainty|probability))?|\d+(?: (?:%|percent))?",
    rf"there is no doubt(?: that)?|no doubt(?: that)?|step \d+|option (?:\d+|[a-h])|to sum up|all things considered"
    r"|as requested|after careful \w+|taking everything into account|evident that|this particular"
    r"|we can (?:say|classify)|(?:that|which) best (?:fits|describes|matches|captures)"
    rf"|given the (?:context|wording|tone)|number \d+|(?:{TEXT_WORDS}) of|meant|and",
    # German
    r"das|dies|dieser?|dieses|es|ist|der|die|den|dem|ein|eine|einen|handelt|sich|um|hier|eindeutig|klar|sicher|ganz"
    r"|wahrscheinlich|vermutlich|wohl|also|daher|ich|sage|würde (?:ich )?sagen|ich würde(?: sagen)?|denke|meine|glaube"
    r"|wähle|als|antwort|lautet|kategorie|klasse|etikett|richtige|passende|beste|meine|text|nachricht|gehört|zu|zur"
    r"|fällt|unter|in|ja|(?:ein)?stufen|einzuordnen|einordnen|ordne|ein|bezeichnen|ergebnis|klassifikation|passt"
    r"|ich würde (?:den|die|das|diese[nrs]?) (?:text|satz|kommentar|nachricht|bewertung|e mail) als|am besten"
    r"|basierend auf|würde ich(?: \w+)? als|lautet die"
    r"|e mail|bewertung|kommentar|rezension|klassifizierung|einordnung|meiner (?:meinung|ansicht) nach|richtig ist"
    r"|(?:ein )?fall von|stimmung|gefühl|textes|des|anliegen|insgesamt|überwiegend|größtenteils|eher",
    # French
    r"c'est|ce|cela|est|un|une|du|de la|le|la|l'|les|il|s'agit|de|d'|clairement|sûrement|réponse|catégorie|étiquette"
    r"|classe|correcte?|bonne|je|dirais|pense|crois|que|choisis|donc|message|texte|ceci|oui|appartient|appropriée?"
    r"|relève|à|voici|résultat|entre dans|l'avis|avis|commentaire|phrase|ton|cet|cette|d'une?|plutôt|sentiment|exprimé"
    r"|dans|ce texte|polarité|à mon avis|selon moi|classification|émotion|l'émotion",
    # Spanish, Portuguese, Italian
    r"es|yo|esto|este|esta|ese|eso|el|la|lo|un|una|se|trata|se trata de|claramente|seguramente|sin duda|respuesta"
    r"|etiqueta|clase|categoría|correcta|creo|diría|pienso|que|elijo|mensaje|texto|sí|pertenece|a|por (?:lo )?tanto"
    r"|resultado|é|isto|isso|este|esta|o|a|um|uma|trata-se de|claramente|resposta|etiqueta|categoria|classe|correta"
    r"|acho|diria|mensagem|sim|portanto|resultado|è|questo|questa|quello|il|lo|si|tratta|si tratta di|chiaramente"
    r"|sentimiento|reseña|comentario|opinión|expresado|en|del?|sentimento|avaliação|comentário|recensione|commento"
    r"|en mi opinión|clasificación|na minha opinião|classificação|classificazione|risposta|etichetta|corretta|credo"
    r"|direi|penso|che|scelgo|messaggio|testo|sì|quindi|risultato|appartiene",
    # Dutch, Scandinavian, Polish, Czech, Romanian
    r"dit|dat|het|is|een|duidelijk|antwoord|categorie|juiste|ik|zou zeggen|denk|bericht|tekst|dus|ja|det|den|detta|här"
    r"|är|er|et|ett|en|svaret|etiketten|kategorin|kategorien|jag|jeg|skulle säga|tror|klart|tydligt|(?:kategoria"
    r"|odpowiedź|etykieta) to|to|to (?:jest|je)|jest|odpowiedź"
    r"|etykieta|kategoria|wyraźnie|je|odpověď|kategorie|este|răspunsul|eticheta|categoria|on|se|tämä|vastaus|luokka",
    # Russian and its neighbours, Turkish, Indonesian, Vietnamese, Arabic, Hindi
    r"yorum|настроение|тональность|эмоция|этот|отзыва?|комментари[ия]|этого|текста|"
    r"это|ответ|категория|этого сообщения|метка|класс|правильный|сообщение|текст|явно|точно|думаю|что|я|да|относится|к"
    r"|є|це|відповідь|bu|duygu|duygusu|yorumun?|metnin|cümlenin|cevap|yanıt|etiket|kategori|doğru|açıkça|bir|mesaj|metin"
    r"|evet|ini|itu|adalah|jawaban"
    r"|jawabannya|labelnya|ya|pesan|đây|là|câu trả lời|đáp án|nhãn|هذا|هذه|هي|هو|الإجابة|التقييم|الجواب|التصنيف|النص"
    r"|التعليق"
    r"|الشعور|المراجعة|أعتقد|أنه|أنها|إنه|إنها|الصحيح|الصحيحة|نص|برأيي"
    r"|في|إن|النص هو|المشاعر|शब्द|इस|की|का|वाक्य की|टिप्पणी की|समीक्षा की"
    r"|यह|है|सही|उत्तर|श्रेणी|जवाब|समीक्षा|भावना|टिप्पणी|वाक्य|זה"
    r"|זו|התשובה|היא|הוא|απάντηση|είναι|αυτό|η|το",
    # scripts without spaces: pieces, the longest first, none of which is divided again
    "(?:"
    + "|".join(sorted(_PIECES.split("|"), key=len, reverse=True))
    + "|[这這那它该該条條]|[是为為的一個个封条條则則就属屬于於])++",
)
_STATING = later("(?:" + "|".join(_PHRASES) + ") ")
_LONGEST_PHRASE = 9  # words of a phrase
_UNLIKE_IT = later(r"\bis typical of ")
# what stands behind a label and still states it
_STILL = later(
    rf"(?:{TEXT_WORDS}|{_KIND}|on this one|bucket|(?:is )?what i would choose|(?:issue|problem|matter|inquiry|enquiry"
    rf"|concern|topic|team)"
    rf"|by the (?:text|evidence|context|facts|premise)|{_SURELY}|{_BEST}|it|this|that|is"
    rf"|the|an?|my|i|me|we|think|believe|(?:i )?(?:would|'d) say|(?:would|must|should|has to) be|(?:fits?|matches"
    rf"|applies|describes)(?: (?:this|it|the (?:{TEXT_WORDS})))?|as requested"
    r"|seems?|looks?|appears?|to be|with|of|in|for|(?:\d+ )?(?:%|percent)|\d+|high|confidence|probability|certainty"
    r"|confident|certain|sure|to|based on|given|and|y+|yes|ok|true|correct|okay|stars?|points?"
    r"|sterne?n?|étoiles?|estrellas?|stelle|sterren|звезд[аы]?|звёзд[аы]?|星|颗星|分|评价|評價|情感|情绪|情緒|ist|das|die|der|ein"
    r"|antwort|richtig|ganz|klar|einstufen|einordnen|klassifizieren|bezeichnen|sagen|wählen|est|la|réponse|es"
    r"|respuesta|è|risposta"
    r"|é|resposta|priority|отзыв|комментарий|текст|сообщение|是|的|选项|選項|です|でした|である|だ|입니다|이다|이에요|예요"
    r"|है|dır|dir|dur|tir|tır|olarak|ครับ|ค่ะ|とします"
    r"|と思います|になります|だと思います|に分類されます|类|類) ",
)
# a name for what was asked, which an answer may repeat: "Question: ..."
_TOLD = later(
    rf"(?:(?:the|your|this|my) )?(?:{TEXT_WORDS}|options|labels|categories|choices"
    r"|(?:confidence|certainty)(?: level| score)?) "
)
_GREETING = later(r"(?:hello|hi|thanks|thank you)(?: there)? ")  # "Hello, world!" speaks to one
_ONE_OF = later(rf"\bone of\b|\b(?:one|an?|some|another|any) (?:{_KIND})\b")
# what stands apart behind a label and takes it back, or says who said it
_REMARK = later(
    r"(?:less|least|not very|un) ?(?:likely|probable|plausible|fitting|suitable|sure|certain) |(?:among others|etc"
    r"|and the like|inter alia|unter anderem|entre autres|entre otros) |(?:only )?(?:partly"
    r"|partially|in part|somewhat|loosely|pending|rejected|deleted|withdrawn|struck|discarded"
    r"|dismissed|excluded|removed|crossed out|old|former|outdated|second|third|2nd|3rd|rank [2-9]|runner up"
    r"|alternative|see |to be |tbd|weak|overruled|superseded|debunked|a? ?joke|in theory|on paper|at a (?:push|pinch)"
    r"|technically|theoretically|hypothetically|retracted|invalid|void|cancelled|canceled|revoked|refused|denied"
    r"|declined|obsolete|annulled|undone|disputed|contested|sarcastic\w*|ironic\w*|in a (?:sarcastic|ironic)"
    r"|in (?:scare )?quotes|allegedly|supposedly|reportedly|until|(?:so|as) long as|once|just kidding|kidding|joking"
    r"|my (?:eye|foot|ass)|1 (?:out )?of (?:[3-9]|10)|something else|another|hardly|barely|nein|non|nope|нет|否"
    r"|in the widest|by name|in name)\b.{0,30}|(?:(?:the |my )?(?:he|she|it|they|\w{3,}) )?(?:said|says|thinks|thought"
    r"|claims?|claimed|insists?|insisted|believed?|believes|argues?|assumes?|suspects?|supposes?)(?: \w+){0,3} "
    r"|(?:insists|says|thinks|claims|argues) \w+.{0,30}|they (?:say|think) |.{0,30}own words |(?:sagt|meint|glaubt"
    r"|denkt|behauptet|findet|laut|zufolge|dice|cree|piensa|afirma|según|dit|pense|croit|prétend|selon|d'après|crede"
    r"|pensa|sostiene|secondo|diz|acha|segundo|zegt|vindt|volgens|säger|tycker|enligt|думает|говорит|считает"
    r"|утверждает|якобы|по мнению)\b.{0,60}"
    rf"|according to (?!(?:the |its |your |this )?(?:{TEXT_WORDS})).{{0,60}}"
    r"|(?:please |kindly |now )?(?:send|give|provide|try|show|paste|share)(?: me)?(?: the| a| an| your| another)? .{0,60}"
)
# what ends in a label that is a word of its own: "I am positive", "Great question", "Message 2 is spam", "out of 5"
_SPEAKS = later(
    r"\b(?:i|we) (?:am|are|will|(?:must|should|would|will|have to|need to|can|can only)(?: \w+)? be) $"
    r"|\bi'm (?:\w+ )?$|\bi am \w+ $|^(?:please )?(?:call|mark|think|read|rate|tag) (?:(?:the|an?|your|our) )?$"
    r"|^(?:let's |let us )?say (?:that )?(?:it|this"
    r"|that)|\bout of $|\b(?:i'll|we'll|i'd|let's|let us) be $"
    rf"|\b(?:{TEXT_WORDS}) \d+ (?:is|as) "
    rf"|^an? (?:{TEXT_WORDS}) (?:that|which) (?:is|are) $|^(?:hello|hi|dear|thanks|thank you) $"
    r"|\b(?:i|we) (?:\w+ )?considered $"
    r"|^as an? $|^in (?:my |our )?$|^thank(?:s| you) for "  # "As an AI, I think ...", "In fact, ...", "In my opinion, ..."
    r"|\b(?:confidence|certainty)(?: level| score)?(?: (?:in|of|about|for)(?: \w+){1,4}? is| is)? $"
    r"|^please (?:(?:answer|choose|pick|select|return|write) )?$|^(?:say|reply|respond)(?: with| in)? $"  # asks for it
    r"|^(?:so|as|such) (?:is|was|are) (?:the |an? )?$"  # says that it is something else, too
    r"|\b(?:am|is|are|i'm|here|able|happy|glad|ready|going|how) to $"  # what is done, and not where it goes
    r"|\b(?:answer|reply|response) is (?:written |given )?in $|\bmy (?:tone|mood|emotion"
    r"|stance) is $"  # of the reply itself
)
_SHOWN = later(  # heads what is shown and not said
    r"(?:an? |the |for )?(?:bad |wrong |good |incorrect |poor )?(?:example|sample|instance|demo"
    r"|counterexample) (?:of an? \w+ |\d+ )?|(?:was )?(?:rejected|discarded|withdrawn|retracted|deleted|superseded) "
)
_OF_ALL = later(
    r"\b(?:in|of) (?:the|this|that) $|\b(?:best|right|correct|true|better|proper|suitable|given) $|^(?:here"
    r"|there) (?:is|are)(?: the| a| an)? $"
)
_NAMED = later(rf"(?:{_BEST} )?(?:{_KIND}|choice|option) ")
_LISTS = later(r"\b(?:options|labels|categories|choices|classes) are (?:the )?$")
_QUALITY = later(
    r"(?:in)?(?:correct|accurate|complete)|(?:in)?valid|right|wrong|true|false|good|bad|better|best|final|expected|ideal"
    r"|relevant|certain|definite|clear|simple|short|long"
)
_OF_WHAT = later(
    r"[*_\"'”’`]{0,3} (?:label|class|category|classification|verdict) is\b|"
    rf"[*_\"'”’`]{{0,3}} (?:\w+ )?(?:{_KIND}|response|solution|value|number|result|one|spelling|word|date|name)s?"
    r"(?:\W{0,3}[:=]"
    r"|\W{1,3}(?:is|are|was|were|would|should|will|has)\b(?! (?:given|so|clear|right|correct|wrong|incorrect|true)\b))",
    re.I,
)
# what talk is made of, with a label in it: the words behind it, and those in front of it
_TALKED_OF = later(
    r"(?:good (?:question|point|idea|luck|news|catch|guess|morning|day|evening)|relevant (?:label|category|option"
    r"|choice|class)"
    r"|(?:final|best) (?:answer|label|option|choice|decision|verdict|category|class)"
    r"|(?:first|second|third|next|last),? (?:let|i|we|you|read|look|consider|check|note"
    r"|identify))\b"  # "First, let me read"
)
_TALK = later(
    r"(?:^\W*sounds good|\bmy bad|\b(?:one|just a|give me a|wait a) second|\bso long"
    r"|\b(?:analysis|classification|evaluation|assessment|task|processing|labell?ing) (?:is )?(?:now )?complete"
    r"|\d ?% complete"
    r")\W*$"
)
# reports what somebody answered who is graded: "The student's answer is C"
_GRADED = later(r"\b(?:student|candidate|pupil|user|writer|author|model|assistant)'s \w+ (?:is|was) $")
_HEADS = later(r"[*_:]{0,5}\s*\n\s*(?!(?:[-•*]|\d+[.)]) )\S")  # "### Answer", and below it the answer
_TOLD_OF = later(rf"is (?!(?:clearly )?(?:the|my) (?:{_BEST} )*(?:{_KIND}) )")  # "question is ..."
_OF_THE = later(rf"\b(?:the|this|that|your|my|our|each|any|every|{_BEST}|great|good) $")
_ITSELF = later(rf"(?:{TEXT_WORDS}|{_KIND}) ")
_SPOKEN = later(rf"(?:[\w{marks()}]|(?<=\w)['’](?=\w)|(?<=\b\w)['’](?=\s|$)|(?<=\w)-(?=\w))+|%")
_GROUNDS = later(
    r"(?:the|this) (?:text|message|e mail|review|tweet|post|passage|document|article|premise) says (?!it |that )"
)
_SEAM = later(r"[,;:!?(){}\[\]\n|<>=—–/…]|(?<=\s)-+(?=\s)|->|(?<!\w)\*\*|\.(?:\s|$)|[。，；：！？、「」『』।]")


def states(before: str, behind: str) -> bool:
    """Whether a label with these texts around it, each within its sentence, is said to be the answer.

    Its own clause has to consist of words that state; where it stands alone in it, so has the one in front of it.
    """
    pieces = [_plainly(piece) for piece in _SEAM.split(before)]
    own, earlier = pieces[-1], [piece for piece in pieces[:-1] if piece]
    tail, *rest = map(_plainly, _SEAM.split(behind))
    if not _all_of(_STATING, own) or not _all_of(_STILL, tail) or _ONE_OF.search(own) or _ONE_OF.search(tail):
        return False
    if (
        any(_SHOWN.fullmatch(piece) for piece in earlier)
        or _SPEAKS.search(own)
        or tail.startswith(("that it ", "that this ", "that the "))
        or (_OF_ALL.search(own) and not _NAMED.match(tail))
        or _LISTS.search(own or (earlier or [""])[-1])
    ):
        return False
    remark = next(filter(None, rest), "")
    if _REMARK.fullmatch(remark) and not _GROUNDS.match(remark):
        return False
    if own or not earlier:
        return True
    return _all_of(_STATING, earlier[-1]) and not (_TOLD.fullmatch(earlier[-1]) or _GREETING.fullmatch(earlier[-1]))


def is_remark(behind: str) -> bool:
    """Whether what stands apart behind a label says who said it, or takes it back; what the text says is its reason."""
    piece = next(filter(None, map(_plainly, _SEAM.split(behind))), "")
    return _REMARK.fullmatch(piece) is not None and re.match(rf"(?:the|this) (?:{TEXT_WORDS}) ", piece) is None


def is_topic_of_talk(word: str, before: str, behind: str) -> bool:
    """Whether a label that also names what was asked or answered ("question") stands for that: "Great question!"."""
    if not _ITSELF.fullmatch(_plainly(word)):
        return False
    line = before.rpartition("\n")[2]
    own, tail = _plainly(_SEAM.split(line)[-1]), _plainly(_SEAM.split(behind.partition("\n")[0])[0])
    # "answer" above "comment" heads nothing without a sign of a heading: both may be labels
    marked = re.search(r"[^\W_]", line) is None and re.search("[#*_]", line + behind[:1]) is not None
    heads = re.match(r"[*_]*\s*[:=]", behind) or (marked and _HEADS.match(behind))
    if heads and re.fullmatch(rf"{_KIND}|text|input|passage|sentence|document|title|headline|snippet|content", word):
        return True
    numbers = re.match(r" \d+(?![.)\d]| ?%)", behind) is not None
    return numbers or _OF_THE.search(own) is not None or (own == "" and _TOLD_OF.match(tail) is not None)


def is_of_another(word: str, before: str, behind: str) -> bool:
    """Whether a label says what another answer is: "The right answer is 7" grades nothing as right, and "The student's
    answer is C" reports what is to be graded, and "Good question!" is talk."""
    if _TALKED_OF.match(word + behind.lower()) or _TALK.search(f"{before.lower()[-40:]}{word}"):
        return True
    if _QUALITY.fullmatch(word):
        return _OF_WHAT.match(behind) is not None
    return _GRADED.search(_plainly(before[-80:])) is not None


def pieces(text: str) -> list[str]:
    """What the seams of a text leave, each as plain words that `is_known` can tell."""
    return [piece for piece in map(_plainly, _SEAM.split(text)) if piece]


def is_known(word: str) -> bool:
    """Whether a word by itself is one of those that state."""
    return _all_of(_STATING, _plainly(word)) or _all_of(_STILL, _plainly(word))


def _plainly(text: str) -> str:
    return "".join(f"{word} " for word in _SPOKEN.findall(text.lower().replace("’", "'").replace("_", " ")))


@lru_cache(1024)
def _all_of(vocabulary: re.Pattern[str], words: str) -> bool:
    """Whether words, each with a space behind it, can be divided into phrases of a vocabulary. From each place that phrases
    reach the next is tried once: an expression for all of them would try every division, which are endlessly many."""
    if _UNLIKE_IT.search(words):
        return False
    ends = [found.end() for found in re.finditer(" ", words)]
    reached = {0}
    for place, start in enumerate([0, *ends]):
        if start in reached:
            reached.update(end for end in ends[place : place + _LONGEST_PHRASE] if vocabulary.fullmatch(words, start, end))
    return len(words) in reached
