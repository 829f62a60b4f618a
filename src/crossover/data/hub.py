"""Whether the Hugging Face hub gives a model or a data set, told within seconds: offline, no such name, or gated."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Any, Literal

SECONDS = 4.0  # until a hub that does not answer counts as out of reach
NOUNS = {"model": "model", "dataset": "data set"}


@dataclass(frozen=True)
class Refusal:
    """Why the hub does not give something: the kind of reason, and a clause for a sentence."""

    kind: Literal["offline", "absent", "gated", "other"]
    clause: str


def refusal(name: str, kind: Literal["model", "dataset"] = "model") -> Refusal | None:
    """Why the hub does not give this repository, or None where it does. Answers within `SECONDS`, whatever the network."""
    found: list[Refusal | None] = []
    # a thread, since no time limit of a client covers looking a host's name up; it may outlive this call, not the process
    asking = threading.Thread(target=lambda: found.append(_ask(name, kind)), daemon=True)
    asking.start()
    asking.join(SECONDS)
    return found[0] if found else _offline(f"no answer within {SECONDS:.0f} seconds")


def _ask(name: str, kind: Literal["model", "dataset"]) -> Refusal | None:
    from huggingface_hub import HfApi, constants, errors

    hub: Any = HfApi(endpoint=constants.ENDPOINT)
    try:
        info = (hub.model_info if kind == "model" else hub.dataset_info)(name, timeout=SECONDS)
        if getattr(info, "gated", False):
            hub.auth_check(name, repo_type=kind)
    except errors.GatedRepoError:
        return Refusal(
            "gated",
            f"the {NOUNS[kind]} is gated: ask for access at {constants.ENDPOINT}/{'' if kind == 'model' else 'datasets/'}"
            f"{name}, then set HF_TOKEN to a token of that account",
        )
    except (errors.RepositoryNotFoundError, errors.HFValidationError):
        return Refusal(
            "absent",
            f"the hub has no {NOUNS[kind]} of that name (a private one needs HF_TOKEN, a token that may read it)",
        )
    except errors.OfflineModeIsEnabled:
        return _offline("HF_HUB_OFFLINE is set")
    except errors.HfHubHTTPError as error:
        status = getattr(error.response, "status_code", None)
        return Refusal("other", f"the hub ({constants.ENDPOINT}) answered with status {status}")
    except Exception as error:  # noqa: BLE001  the HTTP library's own, and the system's
        return _offline(type(error).__name__)
    return None


def _offline(why: str) -> Refusal:
    from huggingface_hub import constants

    return Refusal(
        "offline", f"the hub ({constants.ENDPOINT}) cannot be reached: this machine is offline, or may not go there ({why})"
    )
