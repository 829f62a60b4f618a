"""The routes of the server."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable
from contextlib import aclosing, asynccontextmanager, suppress
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from fastapi import FastAPI, File, Form, Query, Request, UploadFile
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.exceptions import HTTPException

from crossover.data.rows import Row
from crossover.errors import CrossoverError, DataError
from crossover.serve.openai.batches import Batches
from crossover.serve.openai.catalogue import Catalogue, Served
from crossover.serve.openai.chat import Chats
from crossover.serve.openai.errors import ApiError, told
from crossover.serve.openai.files import Files
from crossover.serve.openai.guard import Guard
from crossover.serve.openai.jobs import Jobs, page, public
from crossover.serve.openai.log import AnswerLog
from crossover.serve.openai.measures import Measures
from crossover.serve.openai.proof import Proof
from crossover.serve.openai.queue import Asking
from crossover.serve.openai.response_body import ResponseBody
from crossover.serve.openai.responses import Responses
from crossover.serve.openai.tuner import Tuner
from crossover.serve.openai.wire import BatchBody, ChatBody, JobBody, PredictBody

ROUTES = tuple(
    f"/v1/{name}" for name in ("models", "chat/completions", "responses", "files", "fine_tuning/jobs", "batches")
)
GONE = 499  # whoever asked has gone; nobody reads it
Limit = Annotated[int, Query(ge=1, le=100)]
Found = TypeVar("Found")


def build(
    catalogue: Catalogue,
    folder: Path,
    key: str | None = None,
    local: bool = True,
    most: int = 256,
    log: AnswerLog | None = None,
) -> Guard:
    """The ASGI application. `folder`: where files and jobs lie; `most`: requests that may wait; `log`: of answers."""
    measures = Measures()
    asking = Asking(most, measures)
    proof = Proof(asking, list(catalogue))
    files, jobs = Files(folder / "files"), Jobs(folder)
    tuner, chats = Tuner(catalogue, files, jobs), Chats(asking, measures, log)

    async def answered(body: ChatBody) -> dict[str, Any]:
        body.check()
        return await chats.whole(catalogue.get(body.model), body)

    batches = Batches(folder, files, answered)

    @asynccontextmanager
    async def life(app: FastAPI) -> AsyncIterator[None]:
        await asyncio.to_thread(tuner.start)
        proof.start()
        running = asyncio.create_task(batches.run())
        yield
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
        await asyncio.to_thread(tuner.close)
        await asyncio.to_thread(asking.close)

    app = FastAPI(title="Crossover", lifespan=life, docs_url=None, redoc_url=None, openapi_url=None)
    _tell_errors(app)
    _add_chat(app, catalogue, chats)
    _add_responses(app, catalogue, Responses(chats))
    _add_files(app, files)
    _add_jobs(app, jobs, tuner)
    _add_batches(app, batches)

    @app.get("/v1/models")
    def models() -> dict[str, Any]:
        return {"object": "list", "data": [served.body for served in catalogue], "has_more": False}

    @app.get("/v1/models/{name:path}")
    def model(name: str) -> dict[str, Any]:
        return catalogue.get(name).body

    @app.delete("/v1/models/{name:path}")
    def delete_model(name: str) -> dict[str, Any]:
        return tuner.delete(name)

    @app.get("/health")
    async def health() -> dict[str, Any]:
        return {"status": "ok"}

    @app.get("/ready")
    async def ready() -> JSONResponse:
        return JSONResponse({"ready": proof.ready, "proof": proof.said}, 200 if proof.ready else 503)

    @app.get("/metrics")
    async def metrics() -> PlainTextResponse:
        return PlainTextResponse(measures.text(asking.depth, proof.ready))

    return Guard(app, key, local, measures)


def _tell_errors(app: FastAPI) -> None:
    """Whatever goes wrong, in OpenAI's shape."""

    def reply(error: Exception) -> JSONResponse:
        said = told(error)
        return JSONResponse(said.body, said.status, said.headers)

    @app.exception_handler(ApiError)
    async def api(_: Request, error: ApiError) -> JSONResponse:
        return reply(error)

    @app.exception_handler(CrossoverError)
    async def ours(_: Request, error: CrossoverError) -> JSONResponse:
        return reply(error)

    @app.exception_handler(RequestValidationError)
    async def invalid(_: Request, error: RequestValidationError) -> JSONResponse:
        first = error.errors()[0]
        named = [str(part) for part in first["loc"] if part not in ("body", "query") and "[" not in str(part)]
        place = ".".join(named if first["type"] != "json_invalid" else ()) or None  # not the types that a field may have
        return reply(ApiError(400, f"{place or 'the body'}: {first['msg']}", place))

    @app.exception_handler(HTTPException)
    async def http(request: Request, error: HTTPException) -> JSONResponse:
        if error.status_code in (
            404,
            405,
        ):  # no such route; what a route does not find is an ApiError
            message = f"Invalid URL ({request.method} {request.url.path[:80]}); valid here: {', '.join(ROUTES)}"
            return reply(ApiError(404, message, code="unknown_url"))
        return reply(ApiError(error.status_code, str(error.detail)))

    @app.exception_handler(Exception)
    async def unforeseen(_: Request, error: Exception) -> JSONResponse:
        return reply(error)


def _add_chat(app: FastAPI, catalogue: Catalogue, chats: Chats) -> None:
    @app.post("/v1/chat/completions", response_model=None)
    async def chat(request: Request, body: ChatBody) -> Response:
        body.check()
        served = catalogue.get(body.model)
        if not body.stream:
            return JSONResponse(await _while_there(request, chats.whole(served, body)))
        return await _streamed(request, chats.stream(served, body))

    @app.post("/predict")
    async def predict(request: Request, body: PredictBody) -> dict[str, Any]:
        served = catalogue.only(body.model)
        if not served.candidate:
            raise ApiError(400, f"'{served.name}' has no task; valid is a candidate's name", "model")
        name = body.id or f"predict-{uuid.uuid4().hex}"
        found = await _while_there(request, chats.predicted(served, _text(served, body), name))
        how = served.candidate.decoding
        scored = found.reply.label_scores and not how.pattern
        scores = dict(zip(how.labels, found.reply.label_scores, strict=True)) if scored else {}
        seconds = found.reply.usage.seconds
        taken = round(1000 * seconds, 2)
        return {"id": name, "model": served.name, "answer": found.answer, "scores": scores, "milliseconds": taken}


def _add_responses(app: FastAPI, catalogue: Catalogue, responses: Responses) -> None:
    path = "/v1/responses"

    @app.post(path, response_model=None)
    async def respond(request: Request, body: ResponseBody) -> Response:
        served = catalogue.get(body.model)
        if not body.stream:
            return JSONResponse(await _while_there(request, responses.whole(served, body)))
        return await _streamed(request, responses.stream(served, body))

    @app.get(path + "/{identity}")
    async def get(identity: str, stream: bool = False) -> dict[str, Any]:
        if stream:
            raise ApiError(400, "a response that is there is not streamed again; leave it out", "stream")
        return responses.kept.get(identity)

    @app.delete(path + "/{identity}")
    async def delete(identity: str) -> dict[str, Any]:
        return responses.kept.drop(identity)

    @app.get(path + "/{identity}/input_items")
    async def items(
        identity: str, after: str | None = None, limit: Limit = 20, order: Literal["asc", "desc"] = "desc"
    ) -> dict[str, Any]:
        found = responses.kept.items(identity)
        return page(found if order == "asc" else found[::-1], after, limit)

    @app.post(path + "/{identity}/cancel")
    async def cancel(identity: str) -> dict[str, Any]:
        responses.kept.get(identity)
        raise ApiError(400, "only a response in the background is cancelled, of which there are none here", "response_id")


async def _streamed(request: Request, events: AsyncGenerator[str]) -> Response:
    """Server-sent events. What is wrong with the request is raised, so that it has a status."""
    first = await _while_there(request, anext(events))

    async def every() -> AsyncIterator[str]:
        async with aclosing(events):
            yield first
            async for event in events:
                yield event

    return StreamingResponse(every(), media_type="text/event-stream", headers={"Cache-Control": "no-cache"})


def _text(served: Served, body: PredictBody) -> str:
    if isinstance(body.input, str):
        return body.input
    if served.row is None:
        raise ApiError(400, f"'{served.name}' is an export, which knows no columns; valid is a text", "input")
    try:
        return served.row(Row(1, body.input, "input"))
    except DataError as error:
        raise ApiError(400, str(error), "input") from error


async def _while_there(request: Request, work: Awaitable[Found]) -> Found:
    """What comes of some work, which ends when whoever asked has gone, or the server ends."""
    task = asyncio.ensure_future(work)
    try:
        while not (await asyncio.wait({task}, timeout=0.5))[0]:
            if await request.is_disconnected():
                raise ApiError(GONE, "the client closed the connection")
        return task.result()
    finally:
        task.cancel()


def _add_files(app: FastAPI, files: Files) -> None:
    @app.post("/v1/files")
    def upload(file: Annotated[UploadFile, File()], purpose: Annotated[str, Form()]) -> dict[str, Any]:
        return files.put(file.file, file.filename or "file", purpose)

    @app.get("/v1/files")
    def every(purpose: str | None = None, after: str | None = None, limit: Limit = 100) -> dict[str, Any]:
        return page(files.every(purpose), after, limit)

    @app.get("/v1/files/{identity}")
    def get(identity: str) -> dict[str, Any]:
        return files.get(identity)

    @app.get("/v1/files/{identity}/content", response_model=None)
    def content(identity: str) -> Response:
        return FileResponse(files.content(identity), media_type="application/octet-stream")

    @app.delete("/v1/files/{identity}")
    def delete(identity: str) -> dict[str, Any]:
        return files.delete(identity)


def _add_jobs(app: FastAPI, jobs: Jobs, tuner: Tuner) -> None:
    path = "/v1/fine_tuning/jobs"

    @app.post(path)
    def create(body: JobBody) -> dict[str, Any]:
        return public(tuner.create(body))

    @app.get(path)
    def every(request: Request, after: str | None = None, limit: Limit = 20) -> dict[str, Any]:
        wanted = {k[9:-1]: v for k, v in request.query_params.items() if k.startswith("metadata[") and k.endswith("]")}
        found = [job for job in jobs.every() if wanted.items() <= (job["metadata"] or {}).items()]
        return page([public(job) for job in found], after, limit)

    @app.get(path + "/{identity}")
    def get(identity: str) -> dict[str, Any]:
        return public(jobs.get(identity))

    @app.get(path + "/{identity}/events")
    def events(identity: str, after: str | None = None, limit: Limit = 20) -> dict[str, Any]:
        return page(jobs.events(identity), after, limit)

    @app.get(path + "/{identity}/checkpoints")
    def checkpoints(identity: str, after: str | None = None, limit: Limit = 10) -> dict[str, Any]:
        return page(jobs.checkpoints(identity), after, limit)

    @app.post(path + "/{identity}/cancel")
    def cancel(identity: str) -> dict[str, Any]:
        return public(tuner.cancel(identity))

    @app.post(path + "/{identity}/pause")
    def pause(identity: str) -> dict[str, Any]:
        return public(tuner.pause(identity))

    @app.post(path + "/{identity}/resume")
    def resume(identity: str) -> dict[str, Any]:
        return public(tuner.resume(identity))


def _add_batches(app: FastAPI, batches: Batches) -> None:
    path = "/v1/batches"

    @app.post(path)
    async def create(body: BatchBody) -> dict[str, Any]:
        return await batches.create(body)

    @app.get(path)
    def every(after: str | None = None, limit: Limit = 20) -> dict[str, Any]:
        return page(batches.every(), after, limit)

    @app.get(path + "/{identity}")
    def get(identity: str) -> dict[str, Any]:
        return batches.get(identity)

    @app.post(path + "/{identity}/cancel")
    def cancel(identity: str) -> dict[str, Any]:
        return batches.cancel(identity)
