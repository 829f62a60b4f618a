"""What goes wrong at a request, in OpenAI's shape."""

from __future__ import annotations

from typing import Any

from crossover.errors import CrossoverError

SCHEMA = "JSON schema cannot be used"  # what a model says of a schema that is none
LONGEST_MESSAGE = 600  # characters
WINDOW = "tokens, the window is"  # what a model says of a prompt that is too long


class ApiError(Exception):
    """An answer with a status over 399. `param`: the field that is wrong; `wait`: seconds after which to ask again."""

    def __init__(
        self, status: int, message: str, param: str | None = None, code: str | None = None, wait: int | None = None
    ) -> None:
        super().__init__(message)
        self.status, self.message, self.param, self.code, self.wait = status, message, param, code, wait

    @property
    def body(self) -> dict[str, Any]:
        kinds = {401: "authentication_error", 403: "permission_error", 429: "rate_limit_error"}
        kind = kinds.get(self.status, "invalid_request_error" if self.status < 500 else "server_error")
        message = self.message.encode(errors="replace").decode()  # it may quote what no reply can hold, and at length
        message = message if len(message) <= LONGEST_MESSAGE else f"{message[:LONGEST_MESSAGE]}..."
        return {"error": {"message": message, "type": kind, "param": self.param, "code": self.code}}

    @property
    def headers(self) -> dict[str, str]:
        return {} if self.wait is None else {"Retry-After": str(self.wait)}


def refused(message: str) -> ApiError:
    """Of a call that the model answered with an error."""
    if SCHEMA in message:
        return ApiError(400, message, "response_format")
    return ApiError(400, message, "messages", "context_length_exceeded" if WINDOW in message else None)


def told(error: Exception) -> ApiError:
    """Whatever went wrong, as whoever asked is told."""
    if isinstance(error, ApiError):
        return error
    if isinstance(error, CrossoverError):
        return ApiError(503, str(error))
    return ApiError(500, f"a mistake of the server's own: {type(error).__name__}")


def absent(model: str) -> ApiError:
    return ApiError(
        404, f"The model '{model}' does not exist; GET /v1/models lists those that do", "model", "model_not_found"
    )
