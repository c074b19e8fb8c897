"""The one connection to a chat endpoint: no redirect, no endless reply, and a deadline whatever it does."""

from __future__ import annotations

import http.client
import json
import os
import threading
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from grader.errors import UsageError
from grader.text import Text

REPLY_BYTES_MAX = 64_000
TIME_LIMIT_S = 30.0
KEY_VARIABLE = "GRADER_JUDGE_KEY"
_PATH = "/chat/completions"


class NoOpinion(Exception):
    """The endpoint gave nothing that can be used; the reason is for the teacher."""

    def __init__(self, *, fr: str, en: str) -> None:
        self.text = Text(fr=fr, en=en)
        super().__init__(en)


@dataclass(frozen=True)
class Endpoint:
    """Where opinions come from."""

    url: str
    model: str
    key: str = ""
    """Sent as a bearer token, when there is one; never written anywhere."""
    time_limit_s: float = TIME_LIMIT_S

    @property
    def host(self) -> str:
        """The machine that is asked, for people to read."""
        return urlsplit(self.url).netloc

    def complete(self, messages: list[dict[str, str]]) -> str:
        """Return the text that the endpoint answers to `messages`; raises NoOpinion for anything else."""
        body = {
            "model": self.model,
            "messages": messages,
            "temperature": 0,
            "max_tokens": 400,
            "stream": False,
        }
        reply = _within(self.time_limit_s, lambda: self._post(json.dumps(body).encode()))
        try:
            content = json.loads(reply)["choices"][0]["message"]["content"]
        except (ValueError, LookupError, TypeError, RecursionError) as error:
            raise NoOpinion(
                fr="la réponse n'a pas le format attendu", en="the reply is not in the chat format"
            ) from error
        if not isinstance(content, str):
            raise NoOpinion(fr="la réponse ne contient pas de texte", en="the reply holds no text")
        return content

    def _post(self, body: bytes) -> bytes:
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        if self.key:
            headers["Authorization"] = f"Bearer {self.key}"
        request = urllib.request.Request(self.url, body, headers, method="POST")
        opener = urllib.request.build_opener(_NoRedirect)
        try:
            with opener.open(request, timeout=self.time_limit_s) as answer:
                return _read(answer, self.time_limit_s)
        except urllib.error.HTTPError as error:
            raise NoOpinion(
                fr=f"le serveur a répondu {error.code}", en=f"the endpoint answered {error.code}"
            ) from error
        except (OSError, ValueError, http.client.HTTPException) as error:
            raise NoOpinion(
                fr=f"le serveur ne répond pas ({type(error).__name__})",
                en=f"the endpoint cannot be reached ({type(error).__name__})",
            ) from error


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Follows nobody: answers of students go to the address that was given and nowhere else."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


def _read(answer: Any, time_limit_s: float) -> bytes:
    deadline = time.monotonic() + time_limit_s
    content = b""
    while piece := answer.read1(16_384):
        content += piece
        if len(content) > REPLY_BYTES_MAX:
            raise NoOpinion(fr="la réponse est trop longue", en="the reply is too long")
        if time.monotonic() > deadline:
            raise NoOpinion(fr="la réponse s'est trop fait attendre", en="the reply took too long")
    return content


def _within(limit_s: float, work: Any) -> bytes:
    """Return what `work` returns; raises NoOpinion where it takes longer, since a socket's own limit is per packet."""
    found: list[bytes] = []
    failed: list[BaseException] = []

    def run() -> None:
        try:
            found.append(work())
        except BaseException as error:  # noqa: BLE001 - raised again by the caller
            failed.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(limit_s)
    if thread.is_alive():
        raise NoOpinion(fr="la réponse s'est trop fait attendre", en="the reply took too long")
    if failed:
        raise failed[0]
    return found[0]


def endpoint(url: str, model: str, *, time_limit_s: float = TIME_LIMIT_S) -> Endpoint:
    """Return the endpoint at `url`, its key taken from `$GRADER_JUDGE_KEY`.

    `url` may be the base (`https://host/v1`) or the whole address. Raises UsageError for one that is no web address.
    """
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        parts = urlsplit("")
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.query:
        raise UsageError(
            fr=f"« {url} » n'est pas une adresse pour --judge : donnez par exemple http://localhost:11434/v1 "
            f"(la clé, s'il en faut une, dans ${KEY_VARIABLE}).",
            en=f'"{url}" is no address for --judge: give for instance http://localhost:11434/v1 '
            f"(the key, where one is needed, in ${KEY_VARIABLE}).",
        )
    whole = url.rstrip("/")
    if not whole.endswith(_PATH):
        whole += _PATH
    return Endpoint(whole, model, os.environ.get(KEY_VARIABLE, ""), time_limit_s)
