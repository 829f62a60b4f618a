"""The routes of the server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Annotated, Any, TypeVar

from fastapi import FastAPI, File, Form, Query, Request, UploadFile
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.exceptions import HTTPException

from crossover.data.rows import Row
from crossover.errors import CrossoverError, DataError
from crossover.serve.openai.batches import Batches
from crossover.serve.openai.catalogue import Catalogue, Served
from crossover.serve.openai.chat import Chats
from crossover.serve.openai.errors import ApiError
from crossover.serve.openai.files import Files
from crossover.serve.openai.guard import Guard
from crossover.serve.openai.jobs import Jobs, page, public
from crossover.serve.openai.measures import Measures
from crossover.serve.openai.proof import Proof
from crossover.serve.openai.queue import Asking
from crossover.serve.openai.tuner import Tuner
from crossover.serve.openai.wire import BatchBody, ChatBody, JobBody, PredictBody

GONE = 499  # whoever asked has gone; nobody reads it
Limit = Annotated[int, Query(ge=1, le=100)]
Found = TypeVar("Found")


def build(catalogue: Catalogue, folder: Path, key: str | None = None, local: bool = True, most: int = 256) -> Guard:
    """The ASGI application. `folder`: where files and jobs lie; `most`: requests that may wait."""
    measures = Measures()
    asking = Asking(most, measures)
    proof = Proof(asking, list(catalogue))
    files, jobs = Files(folder / "files"), Jobs(folder)
    tuner, chats = Tuner(catalogue, files, jobs), Chats(asking, measures)

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

    def told(error: ApiError) -> JSONResponse:
        return JSONResponse(error.body, error.status, error.headers)

    @app.exception_handler(ApiError)
    async def api(_: Request, error: ApiError) -> JSONResponse:
        return told(error)

    @app.exception_handler(CrossoverError)
    async def ours(_: Request, error: CrossoverError) -> JSONResponse:
        return told(ApiError(503, str(error)))

    @app.exception_handler(RequestValidationError)
    async def invalid(_: Request, error: RequestValidationError) -> JSONResponse:
        first = error.errors()[0]
        named = [str(part) for part in first["loc"] if part not in ("body", "query") and "[" not in str(part)]
        place = ".".join(named if first["type"] != "json_invalid" else ()) or None  # not the types that a field may have
        return told(ApiError(400, f"{place or 'the body'}: {first['msg']}", place))

    @app.exception_handler(HTTPException)
    async def http(_: Request, error: HTTPException) -> JSONResponse:
        return told(ApiError(error.status_code, str(error.detail)))

    @app.exception_handler(Exception)
    async def unforeseen(_: Request, error: Exception) -> JSONResponse:
        return told(ApiError(500, f"a mistake of the server's own: {type(error).__name__}"))


def _add_chat(app: FastAPI, catalogue: Catalogue, chats: Chats) -> None:
    @app.post("/v1/chat/completions", response_model=None)
    async def chat(request: Request, body: ChatBody) -> Response:
        body.check()
        served = catalogue.get(body.model)
        if not body.stream:
            return JSONResponse(await _while_there(request, chats.whole(served, body)))
        events = chats.stream(served, body)
        first = await anext(events)  # what is wrong is known by now, so that it has a status

        async def every() -> AsyncIterator[str]:
            yield first
            async for event in events:
                yield event

        return StreamingResponse(every(), media_type="text/event-stream", headers={"Cache-Control": "no-cache"})

    @app.post("/predict")
    async def predict(request: Request, body: PredictBody) -> dict[str, Any]:
        served = catalogue.only(body.model)
        if not served.candidate:
            raise ApiError(400, f"'{served.name}' has no task; valid is a candidate's name", "model")
        found = await _while_there(request, chats.predicted(served, _text(served, body)))
        how = served.candidate.decoding
        scored = found.reply.label_scores and not how.pattern
        scores = dict(zip(how.labels, found.reply.label_scores, strict=True)) if scored else {}
        seconds = found.reply.usage.seconds
        return {"model": served.name, "answer": found.answer, "scores": scores, "milliseconds": round(1000 * seconds, 2)}


def _text(served: Served, body: PredictBody) -> str:
    if isinstance(body.input, str):
        return body.input
    if served.row is None:
        raise ApiError(400, f"'{served.name}' is an export, which knows no columns; valid is a text", "input")
    try:
        return served.row(Row(1, body.input, "input"))
    except DataError as error:
        raise ApiError(400, str(error), "input") from error


async def _while_there(request: Request, work: Coroutine[Any, Any, Found]) -> Found:
    """What comes of some work, which ends when whoever asked has gone."""
    task = asyncio.ensure_future(work)
    while not (await asyncio.wait({task}, timeout=0.5))[0]:
        if await request.is_disconnected():
            task.cancel()
            raise ApiError(GONE, "the client closed the connection")
    return task.result()


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
        return batches.create(body)

    @app.get(path)
    def every(after: str | None = None, limit: Limit = 20) -> dict[str, Any]:
        return page(batches.every(), after, limit)

    @app.get(path + "/{identity}")
    def get(identity: str) -> dict[str, Any]:
        return batches.get(identity)

    @app.post(path + "/{identity}/cancel")
    def cancel(identity: str) -> dict[str, Any]:
        return batches.cancel(identity)
