"""Rows and examples from every format, and one sentence with file and row for every bad file."""

import csv
import datetime
import io
import json
import os

import pyarrow
import pyarrow.parquet
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crossover.data.load import load_rows, load_tables, render_input
from crossover.data.template import fill
from crossover.errors import DataError
from tests.data.builders import examples, jsonl, task, write


def complaint(folder, name, text):
    with pytest.raises(DataError) as caught:
        load_rows(write(folder, name, text))
    message = str(caught.value)
    assert "\n" not in message
    return message.removeprefix(f"{folder}{os.sep}")


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_csv_with_any_delimiter_mark_and_line_end(tmp_path, delimiter, mark, newline):
    text = newline.join([f"text{delimiter}label", f'"ein ""Päckchen"", {newline}da"{delimiter}angekommen', ""])
    [row] = load_rows(write(tmp_path, "rows.csv", mark + text.encode()))
    assert row.fields == {"text": f'ein "Päckchen", {newline}da', "label": "angekommen"}
    assert (row.number, row.source) == (1, "rows.csv, line 2")


def test_the_header_decides_the_delimiter(tmp_path):
    [row] = load_rows(write(tmp_path, "rows.csv", "text;label\none, two, three;x\n"))
    assert row.fields == {"text": "one, two, three", "label": "x"}
    [row] = load_rows(write(tmp_path, "rows.tsv", "text, all\tlabel\na\tb\n"))
    assert row.fields == {"text, all": "a", "label": "b"}


def test_a_nameless_index_column_is_left_out_and_names_are_trimmed(tmp_path):
    [row] = load_rows(write(tmp_path, "rows.csv", ",text, label\n0,a,b\n"))
    assert row.fields == {"text": "a", "label": "b"}


def test_empty_lines_count_and_only_those_at_the_end_are_no_rows(tmp_path):
    rows = load_rows(write(tmp_path, "rows.csv", "text,label\na,x\n\nb,y\n\n\n"))
    assert [(row.number, row.fields["text"]) for row in rows] == [(1, "a"), (2, ""), (3, "b")]


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("rows.csv", "text,label\na,x\nb\n", "rows.csv, line 3: 1 field, the header has 2; put a field"),
        ("rows.csv", "text,label\na,x\nb, c,y\n", "rows.csv, line 3: 3 fields, the header has 2; put a field"),
        ("rows.csv", 'text,label\n"a\nb",x\nb\n', "rows.csv, line 4: 1 field, the header has 2"),
        ("rows.csv", 'text,label\na,x\n"b,y\nc,z\n', "rows.csv, line 3: a double quote is opened and never closed"),
        ("rows.csv", 'text,label\n"a" b,x\n', "rows.csv, line 2: text follows a closing double quote"),
        (
            "rows.csv",
            f"text,label\na,x\n{'b' * 10_000_001},y\n",
            "rows.csv, line 3: a field is longer than 10000000 characters",
        ),
        ("rows.csv", f"{'b' * 10_000_001},y\n", "rows.csv, line 1: a field is longer than 10000000 characters"),
        (
            "rows.csv",
            'text,label\n"Where is it,delivery\nWrong sum,billing\nShe said ",billing\n',
            "rows.csv, line 2: the double quote that opens there is closed on line 4",
        ),
        (
            "rows.csv",
            'text,label,note\n"Where is it,delivery,\nWrong sum,billing,\nShe said ",billing,\n',
            "rows.csv, line 2: the double quote that opens there is closed on line 4",
        ),
        ("rows.csv", "text,text\na,b\n", "rows.csv: the header names the column 'text' twice"),
        ("rows.csv", " , \na,b\n", "rows.csv: the first row is empty; valid is a row of column names"),
        ("rows.csv", "text,label\n", "rows.csv has a header and no rows"),
        ("rows.csv", "text,label\n\n\n", "rows.csv has a header and no rows"),
        ("rows.csv", "", "rows.csv is empty"),
        ("rows.csv", b"\xef\xbb\xbf\n", "rows.csv is empty"),
        ("rows.csv", "text,label\na,x\nb\0,y\n", "rows.csv, line 3: a NUL byte; the file is binary or damaged"),
        (
            "rows.csv",
            "text,label\na,x\ncafé,y\n".encode("cp1252"),
            "rows.csv, line 3: byte 0xe9 is not UTF-8; save the file",
        ),
        ("rows.csv", 'text;label\n"a\nb";x\ncafé;y\n'.encode("cp1252"), "rows.csv, line 4: byte 0xe9 is not UTF-8"),
        ("rows.csv", "größe,label\n".encode("cp1252"), "rows.csv, line 1: byte 0xf6 is not UTF-8"),
        (
            "rows.csv",
            b"\xff\xfea\x00\x00\xd8",
            "rows.csv begins as UTF-16 text does and is none, or damaged; save it as UTF-8",
        ),
        ("rows.csv", bytes(range(256)), "rows.csv, line 1: a NUL byte"),
        ("rows.jsonl", '{"a": 1}\n{"a": \n', "rows.jsonl, line 2: not valid JSON: Expecting value at column 7"),
        ("rows.jsonl", '{"a": 1}\n\n[1]\n', "rows.jsonl, line 3: received a list, valid is an object"),
        ("rows.jsonl", "7\n", "rows.jsonl, line 1: received a number, valid is an object"),
        ("rows.jsonl", "true\n", "rows.jsonl, line 1: received true or false, valid is an object"),
        ("rows.jsonl", '{"a": NaN}\n', "rows.jsonl, line 1: not valid JSON: NaN is not a JSON number"),
        ("rows.jsonl", '{"a": 1, "a": 2}\n', "rows.jsonl, line 1: not valid JSON: 'a' stands twice in one object"),
        ("rows.jsonl", '{"a": ' + "9" * 5000 + "}\n", "rows.jsonl, line 1: not valid JSON: Exceeds the limit"),
        ("rows.jsonl", '{"a": ' + "[" * 100_000 + "\n", "rows.jsonl, line 1: JSON nested too deep"),
        ("rows.jsonl", "", "rows.jsonl is empty"),
        ("rows.jsonl", b'{"a": 1}\n{"a": "\xe9"}\n', "rows.jsonl, line 2: byte 0xe9 is not UTF-8"),
        ("rows.json", '{"a": 1}', "rows.json holds an object; valid is a list of objects (one object a line: name the"),
        ("rows.json", "[]", "rows.json holds an empty list; valid is a list of objects"),
        ("rows.json", '[{"a": 1}, 2]', "rows.json, row 2: received a number, valid is an object"),
        (
            "rows.json",
            '[{"a": 1},\n {"a" 2}]',
            "rows.json: not valid JSON: Expecting ':' delimiter at line 2, column 7",
        ),
        ("rows.parquet", "not parquet at all", "rows.parquet is not a readable Parquet file: "),
        ("rows.parquet", "", "rows.parquet is empty"),
        (
            "rows.xlsx",
            b"PK\x03\x04",
            "rows.xlsx: the name has '.xlsx'; valid: .csv, .tsv, .jsonl, .ndjson, .json, .parquet",
        ),
        ("rows", "a,b\n", "rows: the name has no ending; valid: .csv"),
    ],
)
def test_a_bad_file_is_one_sentence_with_file_and_row(tmp_path, name, text, message):
    assert complaint(tmp_path, name, text).startswith(message)


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_stray_quote_between_tabs_is_text(tmp_path, end):
    lines = [
        "text\tlabel",
        '"Where is it\tdelivery',
        "Wrong sum\tbilling",
        "Reset link\tlogin",
        'She said "\tbilling',
        "Thanks\tlogin",
    ]
    more = ['"So" it is\tx', '"A ""word""\nof two"\ty', '"never closed\tz']
    rows = load_rows(write(tmp_path, "rows.tsv", end.join([*lines, *more])))
    assert [row.fields["text"] for row in rows] == [
        *('"Where is it', "Wrong sum", "Reset link", 'She said "', "Thanks"),
        *('"So" it is', 'A "word"\nof two', '"never closed'),
    ]
    assert [row.number for row in rows if row.remarks] == [1, 6, 8]


@pytest.mark.parametrize(
    ("before", "swallowed"),
    [
        ("text,label\nLost,delivery\nHm,login\nA sum,billing\n",
         '"Where is it,delivery\nWrong sum, really,billing\nShe said ",login\n'),
        ("label,text\ndelivery,Lost\nlogin,Hm\nbilling,A sum\n",
         'login,"Where is it\nbilling,Wrong, really\ndelivery,She said "\n'),
    ],
)  # fmt: skip
def test_a_stray_quote_is_told_also_where_a_text_between_holds_a_comma(tmp_path, before, swallowed):
    said = complaint(tmp_path, "rows.csv", before + swallowed)
    assert "line 5: the double quote that opens there is closed on line 7" in said


@pytest.mark.parametrize(
    "body", ["Hello,\nthanks, bye\nBob", "Hello,\nyour team", "a, b\nc, d\ne", "one\ntwo, three\nfour,"]
)
def test_letters_of_several_lines_are_no_stray_quotes(tmp_path, body):
    [row, _] = load_rows(write(tmp_path, "rows.csv", f'text,label\n"{body}",x\nnext,y\n'))
    assert row.fields == {"text": body, "label": "x"}
    assert not row.remarks


def test_a_line_of_delimiters_in_a_text_is_no_row(tmp_path):
    rows = load_rows(write(tmp_path, "rows.csv", 'label,text\nx,"one line\n""ja,"\ny,next\n'))
    assert [row.fields["text"] for row in rows] == ['one line\n"ja,', "next"]


def test_spaces_behind_the_delimiters_of_the_names_are_none_of_the_values(tmp_path):
    rows = load_rows(write(tmp_path, "rows.csv", 'text, label\n"a, b", "x"\nc d, y\n'))
    assert [row.fields for row in rows] == [{"text": "a, b", "label": "x"}, {"text": "c d", "label": "y"}]
    rows = load_rows(write(tmp_path, "rows.csv", "text,label\na, x\n"))
    assert rows[0].fields == {"text": "a", "label": " x"}


@pytest.mark.parametrize("text", ["wrong sum,x\nlost,x\nlate,y\n", "text,label\nlost,x\ntext,label\nlate,y\n"])
def test_a_first_row_of_data_and_a_header_in_between_are_noticed(tmp_path, text):
    rows = load_rows(write(tmp_path, "rows.csv", text))
    assert sum("is the first line data, or the header repeated?" in "".join(row.remarks) for row in rows) == 1


def test_a_long_text_is_read_also_in_the_first_record(tmp_path):
    [row] = load_rows(write(tmp_path, "rows.csv", f"text,label\n{'b' * 140_000},y\n"))
    assert len(row.fields["text"]) == 140_000
    rows = load_rows(write(tmp_path, "rows.csv", f"{'b' * 140_000},y\nc,d\n"))
    assert rows[0].fields["y"] == "d"


def test_absent_files_and_folders(tmp_path):
    write(tmp_path, "train.csv", "a\n1\n")
    write(tmp_path, "notes.md", "no data file, so no valid name for one")
    with pytest.raises(DataError, match=r"there is no file .*trian\.csv; did you mean 'train\.csv'\? valid: train\.csv"):
        load_rows(tmp_path / "trian.csv")
    with pytest.raises(DataError, match=r"its folder does not exist either"):
        load_rows(tmp_path / "no" / "train.csv")
    with pytest.raises(DataError, match=r"is a folder; valid is a file"):
        load_rows(tmp_path)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission(tmp_path):
    path = write(tmp_path, "rows.csv", "a\n1\n")
    path.chmod(0)
    with pytest.raises(DataError, match=r"cannot be read: Permission denied"):
        load_rows(path)


def test_json_lines_keep_their_numbers_and_line_separators_inside_strings(tmp_path):
    rows = load_rows(write(tmp_path, "rows.jsonl", '{"a": "x\u2028y"}\n\n{"a": [1, null]}\r\n'))
    assert [(row.source, row.fields) for row in rows] == [
        ("rows.jsonl, line 1", {"a": "x\u2028y"}),
        ("rows.jsonl, line 3", {"a": [1, None]}),
    ]
    [row] = load_rows(write(tmp_path, "rows.json", '[{"a": 1}]'))
    assert (row.source, row.fields) == ("rows.json, row 1", {"a": 1})


def test_parquet_values_become_plain_text(tmp_path):
    when = datetime.date(2024, 5, 6)
    table = pyarrow.table(
        {
            "text": ["a", "b"],
            "n": pyarrow.array([1, None], pyarrow.int64()),
            "ok": [True, False],
            "day": [when, None],
            "slots": [{"to": "Rome", "when": None}, {"to": None, "when": "noon"}],
        }
    )
    path = tmp_path / "rows.parquet"
    pyarrow.parquet.write_table(table, path)
    assert load_rows(path)[1].source == "rows.parquet, row 2"
    form = "{text}|{n}|{ok}|{day}|{slots}"
    found = examples(task(tmp_path, path.name, input=form, output="slots", kind="extract"))
    assert found[0].input == 'a|1|true|2024-05-06|{"to": "Rome"}'
    assert found[1].input == 'b||false||{"when": "noon"}'
    assert [example.output for example in found] == ['{"to": "Rome"}', '{"when": "noon"}']


def test_a_parquet_file_without_rows_and_one_with_bytes(tmp_path):
    path = tmp_path / "rows.parquet"
    pyarrow.parquet.write_table(pyarrow.table({"a": pyarrow.array([], pyarrow.string())}), path)
    with pytest.raises(DataError, match=r"has columns and no rows"):
        load_rows(path)
    pyarrow.parquet.write_table(pyarrow.table({"text": [b"\xff"], "label": ["x"]}), path)
    with pytest.raises(DataError, match=r"^rows.parquet, row 1, column 'text': a value of type bytes; valid are text"):
        examples(task(tmp_path, path.name))


class TestExamples:
    def read(self, folder, rows, **changes):
        jsonl(folder, "rows.jsonl", rows)
        return examples(task(folder, "rows.jsonl", **changes))

    def test_values_are_rendered_plainly(self, tmp_path):
        values = [1, 1.5, True, False, "1.0", {"b": "é", "a": 1}, [1, "x"]]
        examples = self.read(
            tmp_path, [{"text": f"t{n}", "label": value} for n, value in enumerate(values)], kind="generate"
        )
        assert [example.output for example in examples] == [
            "1",
            "1.5",
            "true",
            "false",
            "1.0",
            '{"a": 1, "b": "é"}',
            '[1, "x"]',
        ]

    def test_a_template_with_dotted_names_and_braces(self, tmp_path):
        rows = [{"q": {"text": "Where?"}, "my place": "Oslo", "label": "x"}]
        [example] = self.read(tmp_path, rows, input="{{{q.text}}} in { my place }")
        assert example.input == "{Where?} in Oslo"

    def test_a_column_with_a_dot_or_brace_in_its_own_name(self, tmp_path):
        [example] = self.read(tmp_path, [{"a.b": "own", "a": {"b": "nested"}, "label": "x"}], input="a.b")
        assert example.input == "own"
        [example] = self.read(tmp_path, [{"a{b}": "braced", "label": "x"}], input="a{{b}}")
        assert example.input == "braced"

    def test_a_missing_column_names_the_nearest_and_all(self, tmp_path):
        rows = [{"texts": "a", "kind": "x"}]
        with pytest.raises(DataError) as caught:
            self.read(tmp_path, rows)
        assert str(caught.value) == "rows.jsonl has no column 'text'; did you mean 'texts'? valid: kind, texts"
        for changes, column in (
            ({"input": "texts"}, "label"),
            ({"input": "{texts} {contxt}"}, "contxt"),
            ({"input": "texts", "output": "kind", "group": "who"}, "who"),
        ):
            with pytest.raises(DataError, match=f"rows.jsonl has no column '{column}'; "):
                self.read(tmp_path, rows, **changes)

    def test_a_column_that_some_rows_lack_is_blank_there(self, tmp_path):
        examples = self.read(tmp_path, [{"text": "a", "label": "x"}, {"text": "b"}, {"label": None, "text": "c"}])
        assert [example.output for example in examples] == ["x", "", ""]

    def test_a_template_of_blank_columns_is_a_blank_input(self, tmp_path):
        rows = [{"q": " ", "c": None, "label": "x"}, {"q": "a", "label": "x"}]
        assert [e.input for e in self.read(tmp_path, rows, input="Q: {q} C: {c}")] == ["", "Q: a C: "]

    def test_extract_outputs_are_canonical_json(self, tmp_path):
        rows = [{"text": "a", "label": {"b": 1, "a": "ü"}}, {"text": "b", "label": ' {"y": [1,2],"x":null} '}]
        wanted = ['{"a": "ü", "b": 1}', '{"x": null, "y": [1, 2]}']
        assert [e.output for e in self.read(tmp_path, rows, kind="extract")] == wanted
        assert [e.output for e in self.read(tmp_path, rows)] == wanted

    @pytest.mark.parametrize(
        ("output", "message"),
        [
            ("{broken", "rows.jsonl, line 2: the output: not valid JSON: Expecting property name"),
            ("[1]", "rows.jsonl, line 2: the output is a list; for kind extract valid is a JSON object"),
            (3, "rows.jsonl, line 2: the output is a number; for kind extract valid is a JSON object"),
        ],
    )
    def test_extract_outputs_must_be_objects(self, tmp_path, output, message):
        rows = [{"text": "a", "label": {}}, {"text": "b", "label": output}]
        with pytest.raises(DataError) as caught:
            self.read(tmp_path, rows, kind="extract")
        assert str(caught.value).startswith(message)

    def test_half_a_surrogate_pair(self, tmp_path):
        write(tmp_path, "rows.jsonl", '{"text": "\\ud800", "label": "x"}\n')
        with pytest.raises(DataError, match=r"^rows.jsonl, line 1, column 'text': text with half a surrogate pair"):
            examples(task(tmp_path, "rows.jsonl"))

    def test_own_ids_are_kept_where_they_tell_rows_apart(self, tmp_path):
        rows = [{"id": 7, "text": "a", "label": "x"}, {"id": "8", "text": "a", "label": "x"}]
        assert [example.id for example in self.read(tmp_path, rows)] == ["7", "8"]
        for third, why in (
            ({"id": 7, "text": "b", "label": "y"}, "'7' is that of rows.jsonl, line 1 and of rows.jsonl, line 3"),
            ({"text": "b", "label": "y"}, "that of rows.jsonl, line 3 is empty"),
        ):  # then content tells rows apart, which is said
            found = self.read(tmp_path, [*rows, third])
            assert len({example.id for example in found}) == 3
            assert not {"7", "8"} & {example.id for example in found}
            [row, *_] = load_tables(task(tmp_path, "rows.jsonl"))["all"]
            assert row.remarks == (
                f"the column 'id' does not tell rows apart ({why}): they are told apart by what they hold",
            )

    def test_ids_come_from_content_whatever_the_order(self, tmp_path):
        rows = [{"text": "a", "label": "x"}, {"text": "b", "label": "x"}, {"text": "a", "label": "x"}]
        first = self.read(tmp_path, rows)
        assert len({example.id for example in first}) == 3
        assert first[2].id == f"{first[0].id}-2"
        assert {example.id for example in self.read(tmp_path, rows[::-1])} == {example.id for example in first}

    def test_groups_are_text_and_blank_means_none(self, tmp_path):
        rows = [{"text": "a", "label": "x", "who": 5}, {"text": "b", "label": "x", "who": ""}]
        assert [example.group for example in self.read(tmp_path, rows, group="who")] == ["5", None]

    def test_inputs_are_rendered_without_an_output_column(self, tmp_path):
        [row] = load_rows(jsonl(tmp_path, "rows.jsonl", [{"text": "a"}]))
        assert render_input(task(tmp_path, "rows.jsonl"), row) == "a"


class TestChat:
    def read(self, folder, conversations, instruction=""):
        jsonl(folder, "chat.jsonl", conversations)
        found = task(folder, "chat.jsonl", input="input", output="output", instruction=instruction)
        return examples(found)

    def test_one_turn_and_several(self, tmp_path):
        one = [{"role": "user", "content": "Hello"}, {"role": "assistant", "content": "Hi", "weight": 1}]
        several = [
            *one,
            {"role": "user", "content": [{"type": "text", "text": "Bye"}]},
            {"role": "assistant", "content": "!"},
        ]
        examples = self.read(tmp_path, [{"messages": one}, {"messages": several}])
        assert [(e.input, e.output) for e in examples] == [
            ("Hello", "Hi"),
            ("user: Hello\nassistant: Hi\nuser: Bye", "!"),
        ]
        assert examples[1].source == "chat.jsonl, line 2"

    def test_a_system_message_stays_in_the_input_unless_it_is_the_instruction(self, tmp_path):
        turns = [{"role": "user", "content": "Hello"}, {"role": "assistant", "content": "Hi"}]
        rows = [{"messages": [{"role": role, "content": "Be kind."}, *turns]} for role in ("system", "developer")]
        assert [e.input for e in self.read(tmp_path, rows)] == ["Be kind.\n\nHello"] * 2
        assert [e.input for e in self.read(tmp_path, rows, "Be kind.")] == ["Hello"] * 2
        assert [e.input for e in self.read(tmp_path, rows, "Be brief.")] == ["Be kind.\n\nHello"] * 2

    def test_other_columns_stay_and_no_answer_is_a_blank_output(self, tmp_path):
        rows = [{"id": "a1", "messages": [{"role": "user", "content": "Hello"}]}]
        [example] = self.read(tmp_path, rows)
        assert (example.id, example.input, example.output) == ("a1", "Hello", "")

    @pytest.mark.parametrize(
        ("messages", "message"),
        [
            ([], "chat.jsonl, line 2: 'messages' is a list; valid is a list of messages, not empty"),
            (None, "chat.jsonl, line 2: 'messages' is null; valid is a list of messages"),
            (["hi"], "chat.jsonl, line 2, message 1: received a string, valid is an object with role and content"),
            (
                [{"role": "narrator", "content": "x"}],
                "chat.jsonl, line 2, message 1: role 'narrator'; valid: system, developer, user, assistant",
            ),
            ([{"role": "user", "content": None}], "chat.jsonl, line 2, message 1: the content is null; valid is text"),
            (
                [{"role": "user", "content": [{"type": "text"}]}],
                "chat.jsonl, line 2, message 1: the content is a list; valid is text, or a list of text parts",
            ),
        ],
    )
    def test_a_bad_conversation(self, tmp_path, messages, message):
        good = {"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]}
        with pytest.raises(DataError) as caught:
            self.read(tmp_path, [good, {"messages": messages}])
        assert str(caught.value).startswith(message)


def words(**options):
    return st.text(st.characters(codec="utf-8", exclude_characters="\0", **options), max_size=20)


BATCH = settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])


@BATCH
@given(
    rows=st.lists(st.tuples(words(), words(), words()).filter(any), min_size=1, max_size=5),
    delimiter=st.sampled_from(",;\t"),
    mark=st.booleans(),
)
def test_what_the_csv_module_writes_is_read_back(tmp_path, rows, delimiter, mark):
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, delimiter=delimiter, quoting=csv.QUOTE_ALL)
    writer.writerows([("a", "b", "c"), *rows])
    path = write(tmp_path, "rows.csv", buffer.getvalue().encode("utf-8-sig" if mark else "utf-8"))
    assert [tuple(row.fields.values()) for row in load_rows(path)] == rows
    assert [row.number for row in load_rows(path)] == list(range(1, len(rows) + 1))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | words(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words(), inner, max_size=3),
    max_leaves=8,
)


@BATCH
@given(rows=st.lists(st.dictionaries(words().filter(lambda name: name != "messages"), JSON), min_size=1, max_size=5))
def test_what_the_json_module_writes_is_read_back(tmp_path, rows):
    assert [row.fields for row in load_rows(jsonl(tmp_path, "rows.jsonl", rows))] == rows
    assert [row.fields for row in load_rows(write(tmp_path, "rows.json", json.dumps(rows)))] == rows


@BATCH
@given(data=st.binary(max_size=200), ending=st.sampled_from(["csv", "tsv", "jsonl", "json", "parquet"]))
def test_any_bytes_are_rows_or_a_data_error(tmp_path, data, ending):
    path, message = write(tmp_path, f"rows.{ending}", data), ""
    try:
        rows = load_rows(path)
    except DataError as problem:
        rows, message = [], str(problem)
    assert rows or message.startswith(str(path))


@given(text=words())
def test_a_filled_template_shows_the_value_as_it_is(text):
    expected = f"<{text}>" if text.strip() else ""
    assert fill("<{x}>", {"x": text}) == expected


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_a_spreadsheets_line_that_names_the_delimiter_is_no_header(tmp_path, newline):
    text = newline.join(["sep=;", "text;label", "one, two;x", 'a "b;y', ""])
    with pytest.raises(DataError, match=r"rows\.csv, line 5: a double quote is opened"):
        load_rows(write(tmp_path, "rows.csv", text + '"c'))
    [row] = load_rows(write(tmp_path, "rows.csv", newline.join(["\ufeffsep=;", "text;label", "one, two;x", ""])))
    assert row.fields == {"text": "one, two", "label": "x"}
    assert complaint(tmp_path, "rows.csv", f"sep=;{newline}") == (
        "rows.csv has no header below its first line; valid is a row of column names"
    )
    assert complaint(tmp_path, "rows.csv", 'sep=;\ntext;label\na;b\n"c;d\ne;f\ng";h\n').startswith(
        "rows.csv, line 4: the double quote that opens there is closed on line 6"
    )


def test_fields_between_bars(tmp_path):
    for name in ("rows.csv", "rows.psv"):
        [row] = load_rows(write(tmp_path, name, "text | label\none, two; three | x\n"))
        assert row.fields == {"text": "one, two; three", "label": "x"}
    table = "| text | label |\n|------|:-----:|\n| a | x |\n"
    assert complaint(tmp_path, "rows.csv", table) == (
        "rows.csv: a table in Markdown; valid is a CSV file, so leave out the line of dashes"
    )
    [row] = load_rows(write(tmp_path, "rows.csv", "| text | label |\n| a | x |\n"))
    assert row.fields == {"text": "a", "label": "x"}


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_a_row_of_a_text_file_is_told_by_the_line_on_which_it_begins(tmp_path, newline):
    above = ["", "" if newline == "\r" else "sep=,"]
    text = newline.join([*above, "text,label", f'"a{newline}b",x', "", "c,y", ""])
    rows = load_rows(write(tmp_path, "rows.csv", text))
    assert [row.source for row in rows] == ["rows.csv, line 4", "rows.csv, line 6", "rows.csv, line 7"]
    stray = load_rows(write(tmp_path, "rows.tsv", 'text\tlabel\n"a\tx\nb\ty\n"c\tx\nd\ty\n'))
    assert [row.source for row in stray] == [f"rows.tsv, line {n}" for n in (2, 3, 4, 5)]
