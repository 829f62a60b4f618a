"""Which clauses state a label: known words alone do, so that no other way of putting it can be read as an answer."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossover.data.cited import is_cited
from crossover.data.given import gives_nothing
from crossover.data.text import stated

MOODS = ("positive", "negative", "neutral")
SPAM = ("spam", "ham")
QUEUES = ("billing", "card lost", "delivery")
NOT_SPAM = [
    "The previous one was spam", "Many would say spam", "Spam (10/100)", "Ini tak spam", "De spam nada",
    "Ham... wait, actually the other one", "The last message was spam.", "The next message is spam",
    "Another message in the thread was spam", "The other email is spam", "Some say spam.",
    "Most people think it is spam", "They call it spam", "Everyone believes this is spam", "Someone labelled it spam",
    "My colleague says spam, I disagree", "The sender claims that it is spam", "You said spam, which I dispute",
    "Spam 2/10", "Spam: 1 out of 10", "Spam – 3 of 10", "Spam [1/5]", "spam 0/1", "Spam: 2 von 10", "Spam. Wait, no.",
    "Spam... hmm, actually no", "Spam? Hmm.", "Spam, on second thought ham", "Spam. On reflection I take that back.",
    "Spam. Strike that.", "Spam. Hold on, let me think again", "spam -- wait", "Spam. Actually it is the other.",
    "I was going to say spam", "I wanted to say spam", "At first glance spam", "At first sight it's spam",
    "On the surface it is spam", "It was spam until it was edited", "It is no longer spam",
    "It used to count as spam", "Formerly spam", "A filter might flag this as spam", "The word spam is in it",
    "The text mentions spam", "It talks about spam", 'The message contains the word "spam"',
    "The user asks about spam", "This is about as far from spam as it gets", "Hardly spam", "Spam it is not.",
    "Spam this is not", "Spam? I think not", "Spam it ain't", "Not in the least spam", "In no way spam",
    "By no means is it spam", "Under no circumstances spam", "It would be unfair to call it spam",
    "It would be a stretch to say spam", "Calling it spam goes too far", "Spam is too strong a word",
    "Spam would be going too far", "One cannot speak of spam", "Spam can be excluded", "Spam can be ruled out",
    "I exclude spam", "I rule out spam", "We dismiss spam", "Spam is dismissed", "Spam does not apply",
    "Spam doesn't fit", "Spam does not fit here.", "Bukan spam", "Tiada spam", "Ne spam", "To nie jest spam",
    "To není spam", "Det är inte spam", "Det er ikke spam", "Se ei ole spam", "Bu spam değil", "Nije spam",
    "Ez nem spam", "Spam hindi ito", "Hii si spam", "Non spam", "Non è spam", "Não é spam", "Nada de spam",
    "Isto nada tem de spam", "Ei, spam", "Ni spam ni nada", "Jamais spam", "Nulla di spam", "Kein bisschen spam",
    "Von spam kann keine Rede sein", "Von spam keine Spur", "Es handelt sich um alles, nur nicht um spam",
    "Dit is geen spam", "Это не spam", "Это точно не spam", "Це не spam", "Това не е spam", "Дефинитивно не spam",
    "それはspamではない", "spamじゃない", "这不是spam", "並非spam", "并非spam", "spam이 아닙니다", "spam 아님", "ไม่ใช่ spam",
    "Không phải spam", "यह spam नहीं है", "هذا ليس spam", "זה לא spam", "Spam: no", "Spam = false", "is_spam: false",
    '"spam": 0', "Spam | no", "Spam: N", "spam (no)", "spam - incorrect", "Spam: not applicable", "Spam: n/a",
    "spam: absent", "Spam: unlikely", "Spam: doubtful", "If I had to guess, spam", "A human might say spam",
    "Could be spam", "Ham or spam", "spam/ham", "Please tell me whether it is spam", "Let me check for spam",
    "I need to decide whether this is spam", "Let's see if it's spam", "To be spam, it would need a link",
    "For it to be spam there must be a link", "Were there a link, spam", "Except for the link it would be spam",
    "Only with a link would it be spam", "It lacks what makes spam", "It lacks the marks of spam",
    "The opposite of spam", "The reverse of spam", "Contrary to spam, this has a sender",
    "Compared with spam, this is polite", "More polite than spam", "Better than spam", "As harmless as spam gets",
    "Similar to spam", "Like spam, but friendly", "spam-like", "spamlike", "pseudo-spam", "anti-spam", "ex-spam",
    "quasi spam", "semi-spam", "Spam was my first thought", "My first thought was spam", "My initial guess: spam",
    "Initially spam", "The wrong label is spam", "The incorrect answer: spam", "A bad answer would be spam",
    "The worst label: spam", "Least likely: spam", "Least likely label is spam", "The least fitting label is spam",
    "Options: spam", "Possible labels: spam", "One of the labels is spam", "Definition of spam: unwanted mail",
    "Spam means unwanted mail.", "Spam is defined as unwanted mail", "Spam is when somebody sends unwanted mail",
    "What is spam",
]  # fmt: skip
NOT_BILLING = [
    "The customer has already been to billing.", "The customer was sent here by billing.", "Please ignore billing.",
    "Do not route to billing.", "Route to anything besides billing.", "The customer mentions billing in passing.",
    "The customer thinks it is billing.", "The label that does not fit is billing.",
    "The only wrong category is billing.", "The category of the last message is billing.",
    "The agent labelled this billing.", "The first draft said billing.", "Earlier I said billing.",
    "Last time the answer was billing.", "If only it were billing.", "Instead of billing, choose the one after it.",
    "Not billing but something about parcels.", "Less billing, more something else.", "Second best: billing",
    "Runner-up: billing", "Second choice: billing", "Alternative: billing", "Another option is billing.",
    "The other option is billing.", "Also possible: billing", "A second label is billing", "Example: billing",
    "For example: billing", "Labels: billing", "Classes: billing", "The labels are billing and two others.",
    "The first label is billing.", "One option would be billing.", "One choice is billing.",
    "The list begins with billing.", "You can choose billing.", "Choose billing if there is an invoice.",
    "I can choose billing.", "Can it be billing", "Should I say billing", "Should I pick billing",
    "Would you say billing", "Is that billing", "Do you think it is billing", "Do I choose billing",
    "The question is billing or no billing.", "The question is whether billing fits.", "Question: billing",
    "Input: billing", "Text: billing", "Message: billing", "Subject: billing", "User: billing", "Customer: billing",
    "I will not say billing.", "I won't go with billing.", "I'd rather not say billing.",
    "Rather than billing, take another.", "I can only say it is billing in part.", "It is only billing in name.",
    "billing only in part", "billing, partly", "billing in part", "billing to some", "half billing",
    "billing, in the widest sense", "billing and delivery", "billing for the most part, then delivery",
    "more delivery than billing", "somewhat billing", "billing-ish", "a bit of billing", "hints of billing",
    "traces of billing", "some billing", "a little billing", "It looks like billing at first.",
    "Looks like billing, is not.", "Looks like billing; it isn't.", "Seems like billing, though it isn't.",
    "It seems billing would fit, yet it would not.", "It sounds like billing to a beginner.", "It would be billing.",
    "That will be billing", "So would billing", "It should have been billing.",
    "It was billing.", "It had been billing.", "It has been billing.", "It will be billing tomorrow.",
    "I thought billing.", "I had thought it was billing.", "I call for billing",
    "My answer is: not the label billing", "My answer is the opposite of billing", "billing is what I'd avoid",
    "billing is the worst fit", "billing is second", "billing is the second best", "billing is an option",
    "billing is a label", "billing is the label to avoid", "billing is only the second choice",
    "billing is the only wrong one", "billing seems off", "billing looks wrong", "billing seems right, is wrong",
    "billing, said nobody ever", "billing, he said", "billing, they say", '"billing", says the customer',
    '"billing" is the word in the subject', '"billing" in the subject line', "billing (customer's own words)",
    "billing (struck)", "billing [deleted]", "billing [withdrawn]", "billing (old label)", "billing (rejected)",
    "billing (second choice)", "billing -> delivery", "billing => something else",
    "billing changed to something else", "billing: see below", "billing: to be checked", "billing: pending",
    "billing: maybe", "billing: partly", "billing: weak", "billing: 2nd", "billing: rank 2", "billing 0.1",
    "billing: 0,1", "billing: 1e-3", "billing: -3.2", "billing: <1%", "billing: <0.01", "billing: less than 1 %",
    "billing: none of it", "billing: nope", "billing: nein", "billing: non", "billing: нет", "billing: 否",
    "billing: ✗", "billing: ❌", "billing 👎", "billing ⛔", "billing 🤔", "billing??", "billing (?)", "billing ?!",
    "billing...?",
]  # fmt: skip
SPAM_IT_IS = [
    "It is spam.", "This is spam.", "That's spam", "Spam", "SPAM!", "The label is spam", "The correct label is spam.",
    "The right answer is spam.", "Label => spam", "Label -> spam", "Final answer: spam", "**Final Answer:** spam",
    "### Answer\nspam", "The message is spam.", "The message would be classified as spam.",
    "This message should be labelled spam", "I classify it as spam", "I'd classify this as spam.", "I'd say spam",
    "I choose spam", "My answer is spam", "My choice: spam", "My classification: spam", "Classification: spam",
    "Class: spam", "Category - spam", "Category: **spam**", "Prediction: spam", "Sentiment: spam", "Output: spam",
    "Result = spam", "Verdict: spam", "This looks like spam", "This looks like spam to me.", "It appears to be spam.",
    "This seems to be spam", "It sounds like spam", "This is likely spam.", "This is most likely spam",
    "Most likely spam", "Probably spam", "Likely spam", "Definitely spam.", "Clearly spam", "Obviously spam",
    "Certainly spam.", "Undoubtedly spam", "Without question spam", "Spam, definitely.", "Spam, clearly.",
    "Spam, obviously", "Spam, I think.", "Spam, I believe", "Spam, in my opinion", "In my opinion, spam",
    "In my view this is spam.", "Based on the text, spam.", "Based on the content, the label is spam.",
    "Given the text, I would label it as spam.", "After reading the text, I say spam.",
    "The text is spam because it offers money.", "It's spam, since it offers money for nothing.",
    "It offers money, so it is spam.", "It offers money for nothing; therefore it is spam",
    "It offers money. Hence spam.", "It offers money; thus: spam", "As it offers money, it is spam.",
    "Because it offers money, it's spam.", "Since nobody asked for it, this is spam.", "Spam, as it offers money.",
    "Spam because nobody asked.", "Spam - it offers money.", "Spam — the offer is too good.",
    "Spam: unsolicited offer.", "Spam (unsolicited offer)", "Spam (unwanted)", "Spam [unwanted]",
    "Spam.\n\nExplanation: the message offers money for nothing.",
    "Spam\n\nThe message offers money that nobody has asked for.", "Spam. The message does not come from a friend.",
    "Spam. There is no sender.", "Sure! The label is spam.", "Sure, here is the label: spam", "Of course: spam",
    "Okay, spam.", "Yes, spam.", "Yes, it is spam", "Yes, this is spam.", 'The answer: "spam"', 'Answer = "spam"',
    '{"label": "spam"}', '{"label": "spam", "confidence": 0.9}', '{"label": "spam", "confidence": "high"}',
    "{'label': 'spam'}", "label: spam", "label: spam\nreason: it offers money", "[spam]", "<label>spam</label>",
    "1. spam", "- spam", "* spam", "> spam", "Spam ✓", "✅ Spam", "Spam 👍", "spam (9/10)", "Spam: 9/10",
    "Spam (confidence 0.93)", "spam, confidence: 95%", "Spam - 97%", "Spam with 97 % confidence", "97% spam",
    "I'm confident it is spam.", "I am certain that this is spam.", "I am fairly sure this is spam.",
    "I'm quite sure: spam", "There is no doubt that this is spam.", "No doubt: spam", "It can only be spam.",
    "It must be spam.", "This has to be spam.", "This text belongs to spam.", "It belongs in spam.",
    "This belongs to the category spam", "The category that fits best is spam.", "The best fit is spam.",
    "The most fitting label is spam", "The most appropriate category is spam.", "The closest label is spam.",
    'The text falls into the category "spam".', "It falls under spam", "I would put this under spam.",
    "I'd go for spam.", "Let's go with spam.", "Going with spam.", "I'll say spam.", "I pick spam.", "Selected: spam",
    "Das ist spam.", "Die Antwort lautet spam.", "Das Label ist spam.", "Ich würde sagen: spam.",
    "Das ist eindeutig spam.", "C'est du spam.", "La réponse est spam.", "Il s'agit de spam.", "Es spam.",
    "La respuesta es spam.", "Se trata de spam.", "Creo que es spam.", "È spam.", "La risposta è spam.", "É spam.",
    "A resposta é spam.", "Dit is spam.", "Het antwoord is spam.", "Det är spam.", "To jest spam.", "Это spam.",
    "Ответ: spam", "Bu spam.", "Ini spam.", "Đây là spam.", "这是spam。", "答案：spam",
    "これはspamです。", "정답: spam", "答えはspam",
]  # fmt: skip
BILLING_IT_IS = [
    "That would be billing.",
    "The category for this message is billing.", "The customer's request falls under billing.",
    "This customer request should be categorized as billing.",
    "The most suitable category for the message is: **billing**",
    "Based on the message, the customer is asking for a refund, so the category is billing.",
    "The customer wants a refund. Therefore, the answer is billing.",
    "The user wants to know why they were charged twice. This falls under billing.",
    "The user was charged twice.\n\nCategory: billing", 'I would classify this message as "billing".',
    "I would classify this message as billing, because the customer was charged twice.",
    "This message is related to billing.", "This is related to billing", "This message is about billing.",
    "It's a billing issue.", "It is a billing question.", "This is a billing problem.",
    "The topic of the message is billing.", "The intent of this message is billing.", "The intent here is billing.",
    "Intent: billing", "The correct classification for this text is billing.",
    "The given text can be classified as billing.", "The text can be categorized under billing.",
    "The label for this text would be billing.", 'The appropriate label for the given text is "billing".',
    "Among the given options, billing is the most appropriate.", "Out of the given options, billing fits best.",
    "Among the options, the best is billing.", "Billing is the correct label.", "Billing is the best match.",
    "Billing is the right category for this message.", "Billing would be the right category.",
    "billing - because the customer was charged twice", "billing; the customer was charged twice",
    "Billing, since the customer was charged twice.", "Billing, as the customer was charged twice.",
    "The answer is (billing).", "The answer is: billing.", "So the answer is billing.",
    "Thus, the answer is billing.", "Therefore the label is billing.", "Final label: billing",
    "Final category: billing", "Predicted label: billing", "Assigned category: billing", "Correct answer: billing",
    "Chosen label - billing", "Label (one of the list): billing", "Label:billing", "label=billing",
    "The message clearly belongs to the billing category.", "The message belongs to the category of billing.",
    "This should go to the billing queue.", "This should go to billing.", "Route to billing.",
    "Please route this to billing.", "Send it to billing.", "I'd route this to billing.", "Department: billing",
    "Forward to: billing", "It seems the customer has a billing issue.", "I believe the right label is billing.",
    "I think the category is billing.", "I think this is billing.", "In this case, the answer is billing.",
    "In this case the label is billing.", "For this message, the label is billing.", "For this text: billing",
    "Here is the classification: billing", "Here's the label: billing", "Here is my answer: billing",
    "Certainly! The label is billing.", "Sure thing! billing",
    "Answer: billing\nExplanation: the customer was charged twice and did not get the money back.",
    "billing\n\nReasoning: the customer never received the refund.",
    "**Label:** billing\n\n**Reason:** The customer was charged twice.",
    "The label is billing. The customer was charged twice.", "A: billing", "Answer (label only): billing",
    "[Answer] billing", "Class 1: billing", "Option 1: billing", "Option A: billing", "A) billing", "1) billing",
    "(1) billing", "1 - billing", "→ billing", "=> billing", "Die Kategorie ist billing.",
    "Die passende Kategorie ist billing.", "Die Nachricht gehört zur Kategorie billing.", "Kategorie: billing",
    "Ich ordne dies als billing ein.", "La catégorie est billing.", "La catégorie appropriée est billing.",
    "Ce message relève de billing.", "Categoría: billing", "La categoría es billing.",
    "La categoría correcta es billing.", "A categoria é billing.", "La categoria è billing.",
    "De categorie is billing.", "Kategorin är billing.", "Kategoria to billing.", "Категория: billing",
    "Категория этого сообщения — billing.", "这条消息的类别是billing。",
    "この文のカテゴリはbillingです。", "이 메시지의 카테고리는 billing입니다.",
]  # fmt: skip
TAKEN_BACK = [
    "Spam, my eye!", "Spam (just kidding)", "Spam. Just kidding.", "Spam. Psych!",
    "Spam. Sorry, I meant the other label.", "Spam. Oops, I mixed them up.", "Label: spam (overruled)",
    "Label: spam [retracted]", "Label: spam (invalid)", "Answer: spam, until proven otherwise.", "Spam, allegedly.",
    "Spam, according to the previous model.", "Message 2 is spam.", "The options are: spam.",
    "Spam, so long as the link is dead.", "Spam (confidence: low)", "Spam, 1 out of 10.", '{"spam": null}',
    "I'll pass on spam.", "It should be spam, yet every sign is missing.",
    "Sounds like spam. It comes from your bank, though.", "Spam. That is what they want you to think.",
    "Das ist Spam, behauptet der Filter.", "Spam – das war einmal.", "Ist das Spam", "Es spam, dice el filtro.",
    "Это spam, думает пользователь.", "Spam, pfft.", "Spam (joke)", "Spam, in theory", "Spam, hypothetically",
    "Let's say it's spam.", "Spam, insists my colleague", "Spam: a verdict I reject", "Spam. I disagree.",
    "Spam. Nonsense.", "Spam, Unsinn.", "Spam, ерунда", "Spam、まさか", "It is not, typical of spam.\n\nLabel: ham",
    "Spam. Think again.", "Spam. If you say so.", "Spam. Cancel that.", "Spam. Forget it.", "Spam, lo dudo.",
    "Spam. C'est faux.", "Spam, to some.", "Example:\nLabel: spam", "Rejected\nLabel: spam",
]  # fmt: skip
CITED = [  # from the text: what it says of itself is no answer
    "The text says: {}", 'The message reads: "{}"', 'The sender writes: "{}"', "Quote: '{}'", "It says: “{}”",
    "In the text stands: {}", "The user wrote:\n> {}", "The message ends with: {}", "The review claims: {}",
    'The instruction in the message is: "{}"', 'The text: "{}"', "Text: {}", 'The sender: "{}"', "Le texte dit : « {} »",
    "Der Text sagt: „{}“", 'El texto dice: "{}"', "文本说：“{}”", 'The text says: "Hello. {}"',
    "The email states: “Win! {}” 1", 'The subject line even says the words: "{}"',
]  # fmt: skip
GIVES_NONE = [  # nothing, or another label, in the place of the answer, whatever stands in its grounds
    '{"label": null, "reasoning": "It is spam"}', '{"reasoning": "It is spam", "label": null}',
    '{"category": {}, "explanation": "This is spam."}', '{"result": {"label": null}, "note": "It is spam"}',
    "{label: null, reasoning: 'It is spam'}", "label: null\nreason: It is spam.", "Label: undefined\nIt is spam.",
    "Label: \nReason: It is spam.", "Label: -\nReason: It is spam.", "**Label:** null\n**Reason:** It is spam.",
    "label = null; reason = It is spam.", "<label>null</label><reason>It is spam.</reason>",
    "<answer></answer>\n<reason>It is spam.</reason>", "Label: phishing\nReason: It is spam.",
    "Label: other matter\nExplanation: It is spam.",
]  # fmt: skip
FROM_MODELS = [
    "\\boxed{spam}", "The answer is $\\boxed{\\text{spam}}$.",
    "It asks the reader to call, which is typical of spam.\n\nLabel: spam", "The message you provided is spam.",
    "The provided text is spam.", "The message has been classified as spam.",
    "I have classified the message as spam.", "This SMS is spam.", "Diese Nachricht würde ich als Spam einstufen.",
    "Basierend auf der Nachricht lautet die Kategorie spam.",
    "The message tries to sell something, which makes it spam.", "Spam (phishing)", "spam\n\nExplanation",
    "Spam. Sorry for any confusion.", "The answer is spam. That was easy.",
    "It is a clear case of spam.", "This is a typical spam message.", "I'm classifying this as spam.",
]  # fmt: skip
OTHER_MATTERS = [
    *((("question", "complaint"), reply) for reply in (
        "Great question!", "The question is:", "Here is the question:", "That's out of the question.", "Question 1",
        "Thanks for the question!", "That is the question.",
    )),
    *((("positive", "negative", "neutral"), reply) for reply in (
        "I'm positive.", "I am positive that this is the one.", "The answer is in the negative.", "True positive.",
        "We must be neutral.", "I have to be neutral here.", "It's positive, sarcastically.", "Think positive!",
    )),
    *((("yes", "no"), reply) for reply in (
        "Yes, I can do that.", "Yes, I understand. I'll classify the text.", "Yes! Here is the answer:", "Yes, please.",
        "Answer: no. 2", "No, thank you.", "Yes, tell me more.",
    )),
    *((("1", "2", "3", "4", "5"), reply) for reply in ("Out of 5", "Rating: > 3", "Rating: 1/2", "Rating: 4/10")),
    *((("card", "card lost"), reply) for reply in ("The card, lost abroad, was found.",)),
    *((("world", "business"), reply) for reply in ("Out of this world!", "The best in the world.", "Here is the world.")),
    (("wrong item", "late delivery"), "I think this is the wrong item, send me the next one."),
    (QUEUES, "Forward to billing: refused."), (QUEUES, "Call billing."),
]  # fmt: skip
STATED_TOO = [
    (("question", "complaint"), "This message is a question.", 0), (("question", "complaint"), "Category: question", 0),
    (("yes", "no"), "Yes, the premise entails it.", 0), (("yes", "no"), "yes, I believe so", 0),
    (("yes", "no"), "No, please see the text.", 1),
    (("joy", "fear"), "The dominant emotion is joy.", 0),
    (("1", "2", "3", "4", "5"), "Rating: 2/5", 1), (("1", "2", "3", "4", "5"), "I would rate it 4 out of 5 stars.", 3),
    (("1", "2", "3", "4", "5"), "Score: 3", 2), (("C", "C++", "C#"), "The code snippet is written in **C#**.", 2),
    (("positive", "negative"), "The sentiment expressed in this review is negative.", 1),
    (("positive", "negative"), "The tone is positive.", 0), (QUEUES, "This ticket should be routed to billing.", 0),
]  # fmt: skip


def test_a_label_that_is_denied_quoted_doubted_or_another_items_is_not_given() -> None:
    assert [reply for reply in NOT_SPAM if stated(reply, SPAM) == 0] == []
    assert [reply for reply in NOT_BILLING if stated(reply, QUEUES) == 0] == []
    assert [reply for reply in TAKEN_BACK if stated(reply, SPAM) == 0] == []
    assert [reply for labels, reply in OTHER_MATTERS if stated(reply, labels) is not None] == []


def test_a_label_that_is_stated_in_an_ordinary_sentence_is_given() -> None:
    assert [reply for reply in SPAM_IT_IS if stated(reply, SPAM) != 0] == []
    assert [reply for reply in BILLING_IT_IS if stated(reply, QUEUES) != 0] == []
    assert [reply for reply in FROM_MODELS if stated(reply, SPAM) != 0] == []
    assert [reply for labels, reply, place in STATED_TOO if stated(reply, labels) != place] == []


@given(
    st.sampled_from(CITED), st.sampled_from(["{}", "It is {}.", "The label is {}.", "Answer: {}", "this is clearly {}."])
)
def test_what_is_cited_from_the_text_is_no_answer(cite: str, sentence: str) -> None:
    said = sentence.format("spam")
    if sentence != "{}":  # a label in quotes may be called so: 'The text: "spam"'
        assert stated(cite.format(said), SPAM) is None
        assert stated(f"{cite.format(said)}\n\nLabel: ham", SPAM) in (None, 1)
    for before in ("My answer: ", "I would say: ", "Here is my answer: ", "Final answer: "):
        assert stated(f'{before}"{said}"', SPAM) == 0


@pytest.mark.parametrize("said", ['"Win money" - this is spam.', '"Win money". It is spam.', '"Win money", so it is spam.'])
def test_what_is_said_behind_a_citation_is_an_answer(said: str) -> None:
    assert stated(f"The text says: {said}", SPAM) == 0


@pytest.mark.parametrize(
    "reply",
    [
        "User: I have a question\nLabel: bug", "The user asks: a question about login\nLabel: bug",
        "The message mentions: a question\nAnswer: bug", "Review: a question\nIntent: bug",
    ],
)  # fmt: skip
def test_an_answer_on_the_line_below_a_citation_is_given(reply: str) -> None:
    assert stated(reply, ("bug", "question")) == 0


@pytest.mark.parametrize("run", ["\n", " ", ">", "text:\n", "Label:\n", '"a ', "#", "_"])
def test_long_runs_in_a_reply_are_read_in_one_pass(run: str) -> None:
    """Each of 100,000 empty lines was begun at anew: minutes for one reply."""
    long = run * (99_999 // len(run))
    for before in (long, f"x{long}", f"The text says:{long}."):
        assert is_cited(before, '"') in (True, False)
        assert not gives_nothing(f"{before}x", SPAM)


@pytest.mark.parametrize("reply", GIVES_NONE)
def test_grounds_give_no_label_where_the_answer_is_nothing_or_another(reply: str) -> None:
    assert stated(reply, SPAM) is None


@pytest.mark.parametrize(
    ("reply", "labels"),
    [
        ("Label: none\nReason: no word of it fits.", ("none", "spam")),
        ("Label: Card Lost\nReason: It is not other.", ("card_lost", "other")),
        ('{"label": "spam", "reason": null}', SPAM),
        ("Intent: null\nLabel: spam", SPAM),
        ("Label:\nspam", SPAM),
        ("Label: see below\nReason: The label is spam.", SPAM),
    ],
)
def test_an_answer_beside_a_field_of_nothing_is_given(reply: str, labels: tuple[str, ...]) -> None:
    assert stated(reply, labels) == 0


@given(
    st.text("bcdfghjklmnpqrstvwxz", min_size=5, max_size=9), st.sampled_from(["{} spam", "It is {} spam", "Spam {} it is"])
)
def test_a_word_that_nobody_knows_leaves_the_label_unsaid(word: str, sentence: str) -> None:
    assert stated(sentence.format(word), SPAM) is None


@pytest.mark.parametrize(
    ("reply", "labels", "said"),
    [
        ('Here it is:\n```json\n{"label": "spam", "reason": "no ham in it"}\n```', SPAM, "spam"),
        ('{"sentiment": "negative", "why": "nothing positive"}', MOODS, "negative"),
        ('{"label": "spam", "label": "ham"}', SPAM, None),
        ('{"label": "spam", "answer": "ham"}', SPAM, None),  # which is meant is not said
        ('{"label": "something else", "reason": "spam?"}', SPAM, None),
        ("Label: positive\nExplanation: The negative words are ironic.", MOODS, "positive"),
        ("**Answer: A**\n\n**Reason:** A is the only option that fits, B is not.", ("A", "B"), "A"),
        ("Negative\nRationale: nothing positive is said", MOODS, "negative"),
        ("Label: spam\nExplanation: so the final label is ham", SPAM, None),
        ("Label: spam\nExplanation: it greets.\nLabel: ham", SPAM, None),
        ("Label: spam\nExplanation: on second thought, it is not", SPAM, None),
        ("Label: spam\nExplanation: it is certainly not spam", SPAM, None),
        ("Label: not spam\nReason: spam has links", SPAM, None),
        ("Maybe spam\nReason: spam has links", SPAM, None),
        ("The emotional tone of this text is negative.", MOODS, "negative"),
        ("Duygu: olumsuz", ("olumlu", "olumsuz"), "olumsuz"),
        ("El sentimiento de esta reseña es negativo.", ("positivo", "negativo"), "negativo"),
        ("Le sentiment exprimé dans ce texte est négatif.", ("positif", "négatif"), "négatif"),
    ],
)  # fmt: skip
def test_answers_in_forms_that_models_use(reply: str, labels: tuple[str, ...], said: str | None) -> None:
    found = stated(reply, labels)
    assert (None if found is None else labels[found]) == said
