"""The registry: nothing in it is ever changed, and what it cannot know it says."""

from __future__ import annotations

import shutil
import subprocess
import sys
import unicodedata
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from crossover.errors import CrossoverError, PromptError
from crossover.prompts import Figure, Registry, get
from crossover.prompts.place import home
from crossover.types import Decoding, Demonstration, Prompt
from tests.prompts.test_plain import TEXT

FIRST, SECOND = Prompt("Say which queue.\r\nOne word. "), Prompt("Say which queue it is.", "Text: {input}\nQueue:")


@pytest.fixture(autouse=True)
def _somebody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_AUTHOR_NAME", "Ada")
    monkeypatch.delenv("CROSSOVER_PROMPTS", raising=False)


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    return Registry(tmp_path / "prompts")


def files(registry: Registry) -> dict[str, bytes]:
    return {p.relative_to(registry.folder).as_posix(): p.read_bytes() for p in registry.folder.rglob("*.yaml")}


def figure(name: str, version: str, **more: object) -> Figure:
    given = {"at": "2026-01-01", "task": "tickets", "model": "pocket", "candidate": "c", "split": "test", "n": 50}
    return Figure(**({"name": name, "number": 1, "version": version, "value": 0.5} | given | more))  # type: ignore[arg-type]


def test_versions_are_added_and_labels_moved_and_no_file_is_changed(registry: Registry) -> None:
    one = registry.add("support", FIRST, note="the beginning", label="production")
    before = files(registry)
    two = registry.add("support", SECOND, by="Bob")
    assert registry.label("support", "production", note="better").identity == two.identity
    registry.label("support@1", "old")
    assert [v.number for v in registry.versions("support")] == [1, 2]
    assert (one.by, two.by, two.after, one.note) == ("Ada", "Bob", (one.identity,), "the beginning")
    assert registry.get("support").prompt == registry.get("support@production").prompt == SECOND
    assert (
        registry.get("support@1").prompt == registry.get("support@old").prompt == registry.get("support@v1").prompt == FIRST
    )
    assert registry.get(f"support@{one.identity}").labels == ("old",)
    assert {name: body for name, body in files(registry).items() if name in before} == before
    history = [(change.by, change.kind, change.note) for change in registry.history("support")]
    moves = [("Ada", "label", ""), ("Ada", "label", "better"), ("Ada", "label", "the beginning")]
    assert sorted(history) == [*moves, ("Ada", "version", "the beginning"), ("Bob", "version", "")]
    registry.unlabel("support", "old")
    assert registry.labels("support") == {"production": (two.identity,)}
    with pytest.raises(PromptError, match="'support' has no label 'old'; valid: 1, 2, production"):
        registry.get("support@old")


def test_restoring_makes_a_new_version_with_the_very_letters_of_the_old(registry: Registry) -> None:
    shown = replace(
        FIRST, demonstrations=(Demonstration(" in\r\n", "", (("step", "\x1b"),)),), selection="nearest", shots=2
    )
    old = registry.add("support", shown, Decoding(pattern=r"= (\d+)$", label_bias=(0.1, 1e-7), samples=3))
    registry.add("support", SECOND)
    before = files(registry)
    back = registry.restore("support@1", note="the second was worse")
    assert (back.number, back.prompt, back.decoding, back.text) == (3, old.prompt, old.decoding, old.text)
    assert back.source == f"version {old.identity}"
    assert {name: body for name, body in files(registry).items() if name in before} == before
    again = registry.restore("support@1")
    assert (again.identity, len(files(registry))) == (back.identity, 3), "it is the latest already"


@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(TEXT, TEXT)
def test_any_text_is_kept_and_restored_letter_by_letter(tmp_path: Path, instruction: str, note: str) -> None:
    registry = Registry(tmp_path / "prompts")
    prompt = Prompt(f"x{instruction}", "{input}")
    version = registry.add("any", prompt, note=note)
    registry.add("any", SECOND)
    back = Registry(registry.folder).restore(f"any@{version.identity}")
    assert back.prompt.instruction.encode() == prompt.instruction.encode()


def test_the_same_prompt_once_more_is_no_new_version(registry: Registry) -> None:
    one = registry.add("support", FIRST)
    assert registry.add("support", FIRST, note="again").identity == one.identity
    assert registry.add("support", FIRST, Decoding(max_tokens=9)).number == 2, "it is answered in another way"


@pytest.mark.parametrize(
    ("prompt", "says"),
    [
        (Prompt(), "the bare input"),
        (Prompt("x", "no place for it"), "shows? the input"),
        (Prompt("x\ud800"), r"half a character \('\\ud800'\)"),
        ("text", "valid is a crossover.Prompt"),
    ],
)
def test_what_is_no_prompt_is_not_kept(registry: Registry, prompt: Prompt, says: str) -> None:
    with pytest.raises(PromptError, match=says):
        registry.add("support", prompt)
    assert not files(registry)


def test_a_wrong_label_leaves_no_version_behind(registry: Registry) -> None:
    with pytest.raises(PromptError, match="means a version"):
        registry.add("support", FIRST, label="v3")
    assert not files(registry)
    registry.add("support", FIRST, label="Production")
    with pytest.raises(PromptError, match="differs from 'Production' in case alone"):
        registry.add("support", SECOND, label="production")
    assert len(registry.versions("support")) == 1


def test_one_name_in_two_forms_of_unicode_is_one_prompt(registry: Registry, tmp_path: Path) -> None:
    registry.add("Gru\u0308ße", FIRST)
    assert registry.names() == ["Grüße"]
    assert registry.add("Grüße", SECOND).number == 2
    (registry.folder / "Grüße").rename(registry.folder / unicodedata.normalize("NFD", "Grüße"))  # as some systems list it
    assert registry.get("Grüße@1").prompt == FIRST
    assert registry.add("Grüße", FIRST).number == 3
    assert len(registry.names()) == 1
    with pytest.raises(PromptError, match="differs from it in case alone"):
        registry.add("GRÜSSE", FIRST)


@pytest.mark.parametrize("name", ["../outside", "a/b", "..", "/tmp/x", "C:\\x"])
def test_no_name_leaves_the_folder(registry: Registry, tmp_path: Path, name: str) -> None:
    registry.add("support", FIRST)
    before = set(tmp_path.rglob("*"))
    for use in (lambda: registry.add(name, FIRST), lambda: registry.get(name), lambda: registry.label("support", name)):
        with pytest.raises(PromptError, match="received"):
            use()
    registry.score(figure("support", registry.get("support").identity, task="../../outside"))
    assert {path.parent.name for path in tmp_path.rglob("*") if path not in before} <= {"support", "scores"}
    assert len(registry.scores("support")) == 1


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace("Say which", "Say what"),
        lambda text: text.replace("number: 1", "number: 2"),
        lambda text: f"<<<<<<< HEAD\n{text}",
        lambda text: text + "more: 1\n",
        lambda text: "",
    ],
)
def test_a_version_that_was_changed_is_never_given(registry: Registry, change: object) -> None:
    registry.add("support", FIRST)
    registry.add("other", SECOND)
    [path] = (registry.folder / "support" / "versions").iterdir()
    path.write_text(change(path.read_text()))  # type: ignore[operator]
    with pytest.raises(PromptError, match=str(path.name)):
        registry.get("support")
    with pytest.raises(PromptError):
        registry.add("support", SECOND)
    assert registry.get("other").prompt == SECOND


def test_what_was_moved_to_another_name_or_label_is_never_given_there(registry: Registry) -> None:
    """A renamed folder's versions bore the old name: restoring one made the old prompt anew."""
    registry.add("support", Prompt("One."), label="staging")
    registry.add("support", Prompt("Two."), label="production")
    folder = registry.folder / "support"
    [move] = (folder / "labels" / "staging").iterdir()
    shutil.copy(move, folder / "labels" / "production" / move.name)
    with pytest.raises(PromptError, match="belongs to the label 'staging': put it back there"):
        registry.get("support@production")
    (folder / "labels" / "production" / move.name).unlink()
    assert registry.get("support@production").prompt == Prompt("Two.")
    folder.rename(registry.folder / "tickets")
    for act in (registry.get, registry.restore):
        with pytest.raises(PromptError, match="belongs to the prompt 'support': put it back there"):
            act("tickets@1")
    assert registry.names() == ["tickets"]


def test_git_may_change_the_line_breaks_of_the_files(registry: Registry) -> None:
    registry.add("support", FIRST)
    registry.add("support", SECOND)
    for path in registry.folder.rglob("*.yaml"):
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert [version.prompt for version in registry.versions("support")] == [FIRST, SECOND]


def test_unknown_names_are_answered_with_what_there_is(registry: Registry) -> None:
    with pytest.raises(
        PromptError, match=r"there is no prompt 'suport', and .* holds none: 'crossover prompts add suport FILE'"
    ):
        registry.get("suport")
    registry.add("support", FIRST)
    for which, says in {
        "suport": "did you mean 'support'",
        "support@2": "'support' has no version 2; valid: 1",
        "support@9-01234567": "'support' has no version 9-01234567; valid: 1",
        "support@live": "'support' has no label 'live'; did you mean|'support' has no label 'live'; valid: 1",
    }.items():
        with pytest.raises(PromptError, match=says):
            registry.get(which)
    with pytest.raises(CrossoverError, match="cannot be written"):
        Registry(registry.folder / "support" / "versions" / next(iter(files(registry))).rpartition("/")[2]).add("x", FIRST)


def test_of_one_candidate_in_one_study_the_figure_on_test_counts(registry: Registry) -> None:
    version = registry.add("support", FIRST).identity
    for one in (figure("support", version, split="dev", n=90), figure("support", version), figure("support", version)):
        registry.score(one)
    registry.score(figure("support", version, model="other", value=0.25, weights=True))
    assert [(one.model, one.split, one.value) for one in registry.scores("support")] in (
        [("pocket", "test", 0.5), ("other", "test", 0.25)],
        [("other", "test", 0.25), ("pocket", "test", 0.5)],
    )
    assert len(list((registry.folder / "support" / "scores").iterdir())) == 3, "the same twice is one file"


def test_the_registry_of_a_project_is_found_from_within_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Registry(tmp_path / "prompts").add("support", FIRST)
    inner = tmp_path / "a" / "prompts" / "b"  # a folder of that name that holds something else
    inner.mkdir(parents=True)
    monkeypatch.chdir(inner)
    assert get("support").prompt == FIRST
    other = Registry(tmp_path / "other")
    other.add("elsewhere", SECOND)
    monkeypatch.setenv("CROSSOVER_PROMPTS", str(other.folder))
    assert get("elsewhere").prompt == SECOND
    assert get("support", tmp_path / "prompts").prompt == FIRST


def test_a_prompt_is_had_from_python_in_a_moment(registry: Registry) -> None:
    registry.add("support", SECOND, label="production")
    code = (
        "import sys, crossover\n"
        f"found = crossover.prompts.get('support@production', {str(registry.folder)!r})\n"
        "print(found.messages('Where is my {parcel}?'))\n"
        "heavy = ('torch', 'transformers', 'pydantic', 'numpy', 'sqlalchemy', 'scipy', 'rich', 'typer')\n"
        "print([name for name in heavy if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == [
        str(
            [
                {"role": "system", "content": "Say which queue it is."},
                {"role": "user", "content": "Text: Where is my {parcel}?\nQueue:"},
            ]
        ),
        "[]",
    ]


def test_a_variable_that_names_no_folder_is_a_sentence_and_makes_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "taken").write_text("x")
    for named, says in {
        "~no-such-user/prompts": "CROSSOVER_PROMPTS is ~no-such-user/prompts, and there is no user no-such-user here",
        "taken": "CROSSOVER_PROMPTS is taken, which is no folder",
    }.items():
        monkeypatch.setenv("CROSSOVER_PROMPTS", named)
        with pytest.raises(PromptError, match=says):
            Registry(home())
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]
    monkeypatch.setenv("CROSSOVER_PROMPTS", "new/one")
    assert home() == Path("new/one")
