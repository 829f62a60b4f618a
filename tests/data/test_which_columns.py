"""The columns of the input and the output are the right ones, or are asked for: never silently others."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from crossover.data.outputs import Unclear
from crossover.data.sketch import sketch
from crossover.data.template import columns_of
from crossover.errors import DataError
from tests.data.builders import jsonl, sentence
from tests.data.tables import Table, tables


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(tables())
def test_no_column_is_taken_silently_for_another(tmp_path: Path, table: Table) -> None:
    path, asked, task = jsonl(tmp_path, "rows.jsonl", table.rows), "", None
    try:
        task = sketch(path).prepared.task
    except Unclear as unclear:
        asked = str(unclear)
    if task is not None:
        assert table.is_right(columns_of(task.input), task.output), f"{task.input} -> {task.output}"
        return
    assert "valid is to say which ones are meant, with the keys input: and output: of a task file" in asked
    assert sum(f"'{name}'" in asked for name in table.rows[0]) > 1, "it names what it could be"


KINDS: dict[str, Any] = {
    "text": lambda n: f"{sentence(n)} and more",
    "other": lambda n: f"so {sentence(n + 60)} it is",
    "few": lambda n: "xyz"[n % 3],
    "two": lambda n: str(n * 7 % 2),
    "five": lambda n: 1 + n * 3 % 5,
    "id": lambda n: f"r{n}",
    "date": lambda n: f"2024-05-{n % 28 + 1:02} 10:00",
    "split": lambda n: ("train", "train", "test")[n % 3],
    "number": lambda n: round(n * 0.37, 2),
    "json": lambda n: {"size": n},
    "list": lambda n: ["a", "b"],
    "same": lambda n: "NO_QUERY",
    "day": lambda n: f"{n % 28 + 1:02}-03-2020",
    "rare": lambda n: "xyz"[n % 3] if n < 4 else "",
    "partly": lambda n: "pqr"[n // 3 % 3] if n % 3 else "",
}
# columns with what they hold, the columns of the input and the output
USUAL = """
text:text label:few > text > label
id:id text:text category:few > text > category
question:text answer:other > question > answer
premise:text hypothesis:other label:few > premise hypothesis > label
sentence1:text sentence2:other label:two > sentence1 sentence2 > label
sentence1:text sentence2:other sentence3:text label:two > sentence1 sentence2 sentence3 > label
word:few sentence1:text sentence2:other idx:few label:two > word sentence1 sentence2 > label
prompt:text completion:other > prompt > completion
prompt:text response:other > prompt > response
instruction:text input:other output:other > instruction input > output
instruction:text input:other output:other text:text > instruction input > output
instruction:text context:other response:other category:few > instruction context > response
instruction:text output:other > instruction > output
context:text question:other answer:other > context question > answer
id:id title:other context:text question:other answers:other > context question > answers
subject:other body:text queue:few > subject body > queue
title:other description:text label:few > title description > label
title:other text:text label:two year:few date:date > title text > label
input:text output:other > input > output
input:text target:other > input > target
input_text:text target_text:other domain:few > input_text > target_text
source:text target:other > source > target
source:text gt:other > source > gt
article:text gold_title:other pred_title:text > article > gold_title
user:text assistant:other > user > assistant
article:text highlights:other id:id > article > highlights
document:text summary:other > document > summary
dialogue:text summary:other id:id > dialogue > summary
review:text rating:five > review > rating
review_text:text stars:five verified_purchase:two > review_text > stars
review:text sentiment:few > review > sentiment
sentence:text label:two idx:id > sentence > label
tweet_id:id tweet:text sentiment:few created_at:date > tweet > sentiment
text:text emotion:few source:few > text > emotion
text:text intent:few domain:two > text > intent
text:text domain:few > text > domain
text:text requested:few slots:json > text > slots
utterance:text intent:few domain_id:id > utterance > intent
query:text intent:few language:few > query > intent
message:text spam:two > message > spam
comment_text:text toxic:two id:id > comment_text > toxic
question1:text question2:other is_duplicate:two > question1 question2 > is_duplicate
question:text choices:list answer:few > question choices > answer
question:text A:other B:text C:other D:text answer:few > question A B C D > answer
claim:text evidence:other label:few > claim evidence > label
text:text label:few split:split > text > label
text:text label:two confidence:number annotator:few > text > label
text:text label:few predicted_label:few > text > label
text:text gold:few pred:few > text > gold
text:text label:few model_label:few human_label:few > text > human_label
prompt:text human_answer:other gpt4_answer:text > prompt > human_answer
question:text expected_answer:other answer:text > question > expected_answer
ticket_id:id customer_message:text department:few > customer_message > department
email:text category:few > email > category
Subject:other Message:text Category:few > Subject Message > Category
content:text topic:few url:id > content > topic
v1:few v2:text > v2 > v1
question:text answer:other label:two > question answer > label
problem:text solution:other level:few type:few > problem > solution
text:text response:few > text > response
review:text model:few > review > model
prompt:text reply:other model:few > prompt > reply
response:text label:few > response > label
category:few intent:few instruction:text response:other flags:few > instruction > response
texto:text etiqueta:few > texto > etiqueta
polarity:few date:date query:same user:id text:text > text > polarity
OriginalTweet:text TweetAt:day Location:other Sentiment:few > OriginalTweet > Sentiment
airline_sentiment:few airline:five negativereason:partly airline_sentiment_gold:rare text:text > text > airline_sentiment
title:other text:text subject:five label:two > title text > label
Product:few Review:text Rating:five > Review > Rating
App:five Translated_Review:text Sentiment:few Sentiment_Polarity:number > Translated_Review > Sentiment
Betreff:other Nachricht:text Abteilung:few > Betreff Nachricht > Abteilung
text:text label:two prompt_name:five > text > label
question_stem:text choices:list answerKey:few > question_stem choices > answerKey
question:text answerA:text answerB:other answerC:text label:few > question answerA answerB answerC > label
content:text replyContent:other at:date > content > replyContent
question_title:other question_body:text answer_body:other > question_title question_body > answer_body
sql_prompt:text sql_context:other sql:other sql_explanation:text > sql_prompt sql_context > sql
domain:two domain_description:other sql_prompt:text sql:other > sql_prompt > sql
question:text contexts:list ground_truth:other answer:text > question contexts > ground_truth
claim:text evidences:list claim_label:few > claim evidences > claim_label
Question:text long_cot:other Response:other > Question > Response
review:text label:few likes:five thumbsUpCount:five > review > label
review:text mood:few thumbsUpCount:five replied:date > review > mood
message:text department:few license:two repo:five > message > department
"""


@pytest.mark.parametrize("line", USUAL.strip().splitlines())
def test_of_usual_tables_nothing_is_asked(line: str, tmp_path: Path) -> None:
    held, asked, output = line.split(" > ")
    columns = dict(one.split(":") for one in held.split())
    rows = [{name: KINDS[kind](n + at) for at, (name, kind) in enumerate(columns.items())} for n in range(36)]
    for order in (1, -1):
        made = sketch(jsonl(tmp_path, "rows.jsonl", [dict(list(row.items())[::order]) for row in rows])).prepared.task
        assert (set(columns_of(made.input)), made.output) == (set(asked.split()), output)


@pytest.mark.parametrize("reply", ["solution", "response", "completion"])
def test_what_ends_with_the_answer_is_how_it_is_come_to(reply: str, tmp_path: Path) -> None:
    rows = [
        {"question": sentence(n), reply: f"{sentence(n + 1)}\nSo it is {n * 7} in all.", "answer": str(n * 7)}
        for n in range(36)
    ]
    made = sketch(jsonl(tmp_path, "rows.jsonl", rows)).prepared.task
    assert (made.input, made.output) == ("question", "answer")
    apart = [row | {reply: sentence(n + 1)} for n, row in enumerate(rows)]
    with pytest.raises(Unclear, match=f"'{reply}' or 'answer'"):
        sketch(jsonl(tmp_path, "apart.jsonl", apart))


# what a reader cannot know either: which columns are named for the output, or for the input
OPEN = """
text:text label:few annotation:few > label annotation
text:text topic:few mood:few > topic mood
text:text label_1:few label_2:few > label_1 label_2
text:text first_label:few second_label:few > first_label second_label
question:text answer:other output:text > answer output
question:text answer:other student_answer:text > answer student_answer
prompt:text expected_response:other label:few > expected_response label
prompt:text human_response:other label:few > human_response label
question:text answer:other a_label:few category:few > answer a_label
post:text topic_id:few mood:two > topic_id mood
title:text score:five subreddit:few > score subreddit
comment:text score:five toxic:two > score toxic
review:text stars:five genre:few > stars genre
review:text grade:five genre:few > grade genre
src_label:few source:text target:other > src_label target
review:text summary:other rating:five > summary rating
text:text b:few c:two > b c
one:text two:other > one two
review:text comment:other label:few > review comment
prompt:text text:other label:few > prompt text
title:text abstract:other > title abstract
text:text title:other > text title
complaint:text title:other > complaint title
email_body:text expert_title:other system_output:text > expert_title system_output
product_title:other review:text rating:five > product_title review
word:id definition:text > word definition
query:text doc:other label:few > label doc
question:text gt:other category:few > category gt
question:text gt:other prediction:text > gt prediction
text:text original_label:few label:few > original_label label
message:text raw_text:other label:few > message raw_text
sentence1:text sentence2:other genre:few score:number > genre score
review:text Division_Name:few Class_Name:five > Class_Name Division_Name
headlines:other text:text ctext:text > ctext headlines
diff:other message:text > diff message
content:text replyContent:other score:five > replyContent score
turns:text category:few reference:list > category reference
sentence:text target:id aspect:few score:five > target score
question:text passage_context:other story_context:text answer:other > passage_context story_context
query:other query_toks:list question:text question_toks:list > query question
"""


@pytest.mark.parametrize("line", OPEN.strip().splitlines())
def test_what_is_not_clear_is_asked(line: str, tmp_path: Path) -> None:
    held, named = line.split(" > ")
    columns = dict(one.split(":") for one in held.split())
    rows = [{name: KINDS[kind](n + at) for at, (name, kind) in enumerate(columns.items())} for n in range(36)]
    with pytest.raises(DataError, match="is not clear: ") as asked:
        sketch(jsonl(tmp_path, "rows.jsonl", rows))
    assert all(f"'{name}'" in str(asked.value) for name in named.split())


def test_what_is_said_is_taken_and_the_rest_is_told(tmp_path: Path) -> None:
    rows = [{"text": sentence(n), "topic": "xyz"[n % 3], "mood": "pq"[n % 2]} for n in range(24)]
    path = jsonl(tmp_path, "rows.jsonl", rows)
    assert sketch(path, roles=(None, "mood")).prepared.task.input == "text"
    both = sketch(path, roles=("{text} ({topic})", None)).prepared.task
    assert (both.input, both.output) == ("{text} ({topic})", "mood")
    with pytest.raises(DataError, match="the file has no column 'moot'; did you mean 'mood'"):
        sketch(path, roles=(None, "moot"))
    with pytest.raises(DataError, match=r"input: received '\{text': '\{' is not a placeholder"):
        sketch(path, roles=("{text", None))


def test_a_text_that_is_said_makes_no_other_text_a_rival(tmp_path: Path) -> None:
    rows = [{"{a}": sentence(n), "{b}": f"so {sentence(n + 60)} it is", "label": "xyz"[n % 3]} for n in range(36)]
    path = jsonl(tmp_path, "rows.jsonl", rows)
    with pytest.raises(DataError, match=r"which column is the input is not clear: '\{a\}' or '\{b\}' may be"):
        sketch(path)
    task = sketch(path, roles=("{a}", None)).prepared.task  # as the sentence has it
    assert (columns_of(task.input), task.output) == (["{a}"], "label")


def test_a_table_of_numbers_does_not_show_its_labels_in_other_words(tmp_path: Path) -> None:
    rows = [{"length": n * 7 % 50, "width": n * 3 % 41, "target": n % 3, "species": "abc"[n % 3]} for n in range(36)]
    path = jsonl(tmp_path, "rows.jsonl", rows)
    for said in (None, "target", "species"):
        assert columns_of(sketch(path, roles=(None, said)).prepared.task.input) == ["length", "width"]


@pytest.mark.parametrize("more", [0, 1])
def test_references_that_hold_the_target_leave_it_the_output(more: int, tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [
        {"input": sentence(n), "target": KINDS["other"](n), "references": [KINDS["other"](n), "or else"][: more + 1]}
        for n in range(24)
    ]
    assert sketch(jsonl(tmp_path, "rows.jsonl", rows)).prepared.task.output == "target"
    for row in rows:
        row["references"] = ["so it is", "or else"]
    with pytest.raises(Unclear, match="'target' or 'references'"):
        sketch(jsonl(tmp_path, "rows.jsonl", rows))


@pytest.mark.parametrize(
    ("told", "values"),
    [("is_safe", [True, False]), ("hallucinated", ["yes", "no"]), ("relevant", [1, 0]), ("response_harmful", [1, 0])],
)
@pytest.mark.parametrize("given", [{}, {"context": "There is a garden behind the house of number {n}."}])
def test_what_is_said_of_an_answer_is_asked_about_and_is_learnt_from_both(
    told: str, values: list[Any], given: dict[str, str], tmp_path: Path
) -> None:
    texts = {"question": "Where is the garden of number {n}?", "response": "Behind the house of number {n}.", **given}
    rows = [{name: text.format(n=n) for name, text in texts.items()} | {told: values[n % 3 == 0]} for n in range(30)]
    path = jsonl(tmp_path, "rows.jsonl", rows)
    with pytest.raises(Unclear, match=f"which column is the output is not clear: .*'{told}'"):
        sketch(path)
    task = sketch(path, roles=(None, told)).prepared.task
    assert task.input == "\n".join([*(f"{{{name}}}" for name in given), "{question}", "{response}"])
    assert sketch(path, roles=("question", "response")).prepared.task.output == "response"


@pytest.mark.parametrize(
    ("texts", "source"),
    [
        (("instruction", "input", "output"), "{instruction}\n{input}\n{output}"),
        (("Instruction", "Input", "Response"), "{Instruction}\n{Input}\n{Response}"),
        (("question", "A", "B", "answer"), "{question}\nA: {A}\nB: {B}\n{answer}"),
        (("context", "question", "A", "B", "answer"), "{context}\n{question}\nA: {A}\nB: {B}\n{answer}"),
        (("question", "choices", "answer"), "{question}\n{choices}\n{answer}"),
    ],
)
def test_what_is_said_of_an_answer_is_learnt_from_all_that_it_answers(
    texts: tuple[str, ...], source: str, tmp_path: Path
) -> None:
    """What the instruction was about, or the choices, had been left out without a word."""
    rows = [{name: f"{name} of number {n}" for name in texts} | {"is_correct": n % 3 == 0} for n in range(30)]
    assert sketch(jsonl(tmp_path, "rows.jsonl", rows), roles=(None, "is_correct")).prepared.task.input == source


@pytest.mark.parametrize("beside", ["is_multi_turn", "category", "has_image"])
def test_what_tells_of_a_question_leaves_its_answer_the_output(beside: str, tmp_path: Path) -> None:
    rows = [
        {"prompt": f"Where is garden {n}?", "response": f"Behind the house of number {n}.", beside: n % 3 == 0}
        for n in range(30)
    ]
    assert sketch(jsonl(tmp_path, "rows.jsonl", rows)).prepared.task.output == "response"
