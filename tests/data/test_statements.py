"""Sentences of models, made of parts that no module lists: each gives the label that it states or none, never another."""

from __future__ import annotations

import json
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from crossover.data.text import stated

SETS = [
    ("spam", "ham"), ("spam", "not spam"), ("positive", "negative", "neutral"), tuple("ABCD"), tuple("12345"),
    ("yes", "no"), ("C", "C++", "C#"), ("low", "medium", "high", "very high"),
    ("card lost", "card delivery", "billing", "other"), ("entailment", "contradiction", "neutral"),
    ("true", "false", "half true"), ("0", "1"), ("joy", "anger", "fear", "love"), ("question", "complaint", "request"),
    ("model", "response", "human"), ("toxic", "non-toxic"), ("text", "image"),
    ("World", "Sports", "Business", "Sci/Tech"), ("tech support", "support", "sales"),
    ("agree", "strongly agree", "disagree"), ("hate", "offensive", "neither"), ("urgent", "not_urgent"),
    ("ABBR", "DESC", "ENTY"), ("left", "right", "center"), ("U.S.", "U.K.", "E.U."), ("-1", "0", "1"),
    ("<positive>", "<negative>"), ("10%", "20%", "50%"), ("A+", "A", "B"), ("I", "II", "III"), ("fact", "opinion"),
    ("user", "assistant", "system"), ("good", "bad", "ok"), ("first", "second", "tie"),
]  # fmt: skip
SAID = [
    "{x}.", "It is {x}.", "It's {x}.", "This is clearly {x}.", "The answer is {x}.", "The label is {x}.", "Answer: {x}",
    "The correct label is {x}.", "Final answer: {x}", "I would say {x}.", "I'd go with {x}.", "I think it is {x}.",
    "I choose {x}.", "My answer is {x}.", "The best label is {x}.", "I would classify this as {x}.", "Verdict: {x}",
    "This should be labeled as {x}.", "The text is classified as {x}.", "So the answer is {x}.", "The category is {x}.",
    "The message belongs to the category {x}.", "The right choice is {x}.", "The most appropriate label is {x}.",
    "Based on the text, the answer is {x}.", "I'd label it {x}.", "I'm going with {x}.", "It has to be {x}.",
    "The answer would be {x}.", "The text can be classified as {x}.", "This text is best described as {x}.", "{x} it is.",
    "That's {x}.", "The overall sentiment of the review is {x}.", "The intent of the message is {x}.",
    "I'm confident it's {x}.", "With high confidence: {x}", "Label = {x}", "=> {x}", "Hence, {x}.",
    "Without a doubt, {x}.", "Given the wording, I believe the correct category is {x}.",
    "We can conclude that the label is {x}.", "-> {x}", "There is no doubt that it is {x}.",
    "The label that fits best is {x}.", "You should choose {x}.", "Option {x} is correct.", "## Final Answer\n\n{x}",
    "<answer>{x}</answer>", "Die Antwort ist {x}.", "La réponse est {x}.", "La respuesta es {x}.", "La risposta è {x}.",
    "Het antwoord is {x}.", "Ответ: {x}", "答案是{x}。", "答えは{x}です。", "After reading the text, I would say {x}.",
    "The answer to the question is {x}.", "Definitely {x}.",
]  # fmt: skip
DRESSED = [
    "{}", "**{}**", "*{}*", "`{}`", '"{}"', "'{}'", "“{}”", "__{}__", "«{}»", "({})", "[{}]", '**"{}"**', "<b>{}</b>",
    "\\boxed{{{}}}",
]  # fmt: skip
LEAD = [
    "", "Sure! ", "Sure, here is my answer: ", "Let me think. ", "Thank you for the text. ", "Here's my answer:\n\n",
    "Great question! ", "### Result\n", "**Answer**\n\n", "> ", "- ", "I have read the message. ", "The text is short. ",
    "Okay, so I need to decide. ", "The customer describes an event. ", "<think>\nHm.\n</think>\n",
]  # fmt: skip
MORE = [
    "", " 😊", " Hope this helps!", " Is there anything else I can help with?", " Thank you!", " The wording is strong.",
    "\n\nLet me know if you have any questions!", "\n\nExplanation: the wording shows it.", " That is my final answer.",
    "\n\nReason: the customer describes what happened.", " I am sure.", " This is clear from the wording.", "<|im_end|>",
    " Would you like me to explain it further?", " The customer says that the parcel came on Monday.",
]  # fmt: skip
OTHERS = [  # beside it, others that may be chosen or are denied
    "Options: {y}, {x}. {said}", "Labels: {x}, {y}.\n\n{said}", "Options:\n- {x}\n- {y}\n\n{said}", "It is not {y}. {said}",
    "Is it {x} or {y}? {said}", "You asked whether this is {x} or {y}.\n\n{said}", "<think>{y}? No, wait.</think>{said}",
    "The text looks like {y} at first, but {said}", "Although some words sound {y}, {said}", "{y} does not fit. {said}",
    "While {y} is tempting, {said}", "Not {y}. {said}", "I considered {y}, but {said}", "Choose one of: {y}, {x}\n\n{said}",
    "Out of {x} and {y}, I choose {x}.", "{said} The other options do not fit.", "{said} It is not {y}.",
    "{said} There is no sign of {y}.", "{said} I ruled out {y}.", "{said} {y} is wrong.", "{said} Not {y}, as it is mild.",
    "{said} If it were {y}, it would say more.", "{said}\n\nOptions: {x}, {y}", "{said} Unlike {y}, it is plain.",
    "{said}\n\n{y}: does not fit", "{said} Some would say {y}, but they are wrong.", "{said}\n{said}",
]  # fmt: skip
UNSAID = [  # denied, doubted, asked, defined, listed or said twice
    "It is not {x}.", "This isn't {x}.", "I doubt that it is {x}.", "It is anything but {x}.", "{x} does not fit.",
    "Nobody would call this {x}.", "The claim that it is {x} is mistaken.", "The label {x} is incorrect.", "{x}? No.",
    "It was thought to be {x}, but it is something else.", "Everything except {x}.", "Do not answer {x}.",
    "Anyone who says {x} is wrong.", "It would be wrong to say {x}.", "No sign of {x} here.", "I disagree with {x}.",
    "It could be {x}.", "I am not sure whether it is {x}.", "It is either {x} or {y}.", "{x} or {y}.", "{x}/{y}",
    "Is it {x}?", "If the sender is a stranger, it is {x}.", "Somewhere between {x} and {y}.",
    "The options are {x} and {y}.", "Choose {x} or {y}.", "A message is {x} when it is unwanted.", "{x} texts are rare.",
    "Label {x} is for texts that are long.", "What does {x} mean?", "Please tell me whether it is {x} or {y}.",
    "- {x}\n- {y}", "1) {x} 2) {y}", "{x} and {y}", "The student's answer is {x}.", "I can't decide between {x} and {y}.",
    "{x}: 20%, {y}: 30%", "Use {x} for long texts.", "The label {x} would be too strong.", "It stops short of {x}.",
    "The author denies that it is {x}.", "{x} (no)", "The text mentions the word {x}.", "{x} is mentioned in the text.",
    "My colleague says {x}.", "It was {x} until yesterday.", "The reviewer calls it {x}, but that is irony.",
    "Had it a link, it would be {x}.", "It's not quite {x}.", "{x}: 5%", "I wish it were {x}.",
    "Let us assume it is {x}.", "Why would it be {x}?", "It pretends to be {x}.", "That leaves {x} out.",
    "{x} is out of the question.", "{x} makes no sense.", "You want me to say {x}.", "{x} is one of the options.",
    "The probability of {x} is 0.02.", "I considered {x}.", "At first I thought of {x}. Then of {y}.",
    "It is {x}. On second thought, {y}", "It is {x}. Or rather: {y}", "{x} is {x}'s opposite.",
    "In another context, {x}.",
]  # fmt: skip
GRADES = ("true", "false", "right", "good", "bad")  # the student's answer may be graded


def read(reply: str, labels: tuple[str, ...]) -> str | None:
    place = stated(reply, labels)
    return None if place is None else labels[place]


def written(label: str, labels: tuple[str, ...], random: Random) -> str:
    """A label in a case in which it is no other, with signs around it."""
    word = random.choice([label, label, label.upper(), label.capitalize()])
    alike = [one for one in labels if one.lower() == word.lower()]
    small = len(label) == 1 or label in ("II", "III")
    return random.choice(DRESSED).format(label if small or len(alike) > 1 else word)


def plain(random: Random) -> tuple[tuple[str, ...], str, str]:
    labels = random.choice(SETS)
    x = random.choice(labels)
    said = random.choice(SAID).format(x=written(x, labels, random))
    more = random.choice(MORE)
    return labels, random.choice(LEAD) + said + ("." if more.startswith(" ") and not said.endswith(".") else "") + more, x


def beside(random: Random) -> tuple[tuple[str, ...], str, str]:
    labels = random.choice(SETS)
    x, y = random.sample(labels, 2)
    said = random.choice(SAID).format(x=written(x, labels, random))
    return labels, random.choice(OTHERS).format(said=said, x=x, y=random.choice([y, f'"{y}"', f"**{y}**"])), x


@given(st.randoms(use_true_random=False))
@settings(max_examples=300)
def test_what_states_one_label_gives_it_or_none(random: Random) -> None:
    for form in (plain, beside):
        labels, reply, x = form(random)
        assert read(reply, labels) in (x, None), reply


@given(st.randoms(use_true_random=False))
@settings(max_examples=300)
def test_what_denies_doubts_asks_or_lists_gives_none(random: Random) -> None:
    labels = random.choice(SETS)
    x, y = random.sample(labels, 2)
    reply = random.choice(LEAD) + random.choice(UNSAID).format(x=written(x, labels, random), y=y)
    found = read(reply, labels)
    negated = found in ("not spam", "non-toxic", "not_urgent") or (found == "no" and "No" in reply)  # and says so
    graded = x in GRADES and "student" in reply
    scaled = labels == tuple("12345") and y == "5" and "/" in reply and found == x  # "4/5" rates
    assert found is None or (negated and x != found) or graded or scaled or ("Or rather" in reply and found == y), reply


def test_plain_statements_are_understood_but_for_one_in_a_hundred() -> None:
    random = Random(7)
    missed = [reply for labels, reply, x in (plain(random) for _ in range(2000)) if read(reply, labels) != x]
    assert len(missed) <= 20, missed


@given(st.randoms(use_true_random=False))
@settings(max_examples=100)
def test_an_object_gives_its_answer_whatever_its_reason_names(random: Random) -> None:
    labels = random.choice(SETS)
    x, y = random.sample(labels, 2)
    fields = {random.choice(["label", "answer", "category"]): x, "reason": f"It is not {y}."}
    form = random.choice(["{}", "```json\n{}\n```", "Here is the JSON:\n```json\n{}\n```"])
    assert read(form.replace("{}", json.dumps(fields, indent=2)), labels) == x
