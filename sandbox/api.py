"""The REST door without its wire: one decoded request in, status, headers and body out.

Everything between them stands here: faults, authorization, rate limits, the specification, the route, the record.
"""

import logging
import math
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, Literal, NamedTuple

import orjson

from sandbox import model
from sandbox.errors import ApiError, wrong_media
from sandbox.faults import Fault, Faults
from sandbox.files import Upload
from sandbox.limits import RateLimiter, too_many
from sandbox.rest import Call, all_routes
from sandbox.rest.routing import JSON, Answer, Route, State
from sandbox.validation import Specification
from sandbox.world import World

_log = logging.getLogger(__name__)

ROUTES = all_routes()
_MAJOR = ("channel_id", "guild_id", "webhook_id", "webhook_token")
_NO_HEADERS: Mapping[str, str] = {}
DEFAULT_RETRY_SECONDS = 0.1
"""Of a planned 429 that names none."""


Verdict = Literal["valid", "invalid", "unchecked"]
"""Of a request, by Discord's specification; unchecked are those that met it not, or where there is none."""


class Seen(NamedTuple):
    """One request of the bot, for tests, benchmarks and error messages.

    status: 0 for one without an answer. at: by the sandbox's clock. is_struck: whether a planned fault met it.
    verdict: what the specification says of it. refusal: why it was refused, as Discord words it.
    """

    method: str
    path: str
    status: int
    body: Any
    at: float
    is_struck: bool = False
    verdict: Verdict = "unchecked"
    refusal: str = ""

    @property
    def counts_globally(self) -> bool:
        """Whether it counts towards the requests per second of the whole token, as all but interactions do."""
        found = ROUTES.find(self.method, self.path)
        return found is None or found[0].counts_globally

    def __str__(self) -> str:
        return f"{self.method} {self.path} -> {self.status}"


class Request(NamedTuple):
    """One request, decoded; the path begins after `/api/v10`, `media` is the type of its body."""

    method: str
    path: str
    authorization: str | None
    query: Mapping[str, str]
    body: Any
    uploads: list[Upload]
    media: str = JSON


class Response(NamedTuple):
    """What goes back: headers besides those of every answer, and JSON (nothing for a 204); `refusal` says why not."""

    status: int
    headers: Mapping[str, str]
    body: bytes | None
    verdict: Verdict = "unchecked"
    refusal: str = ""


NO_ANSWER = Response(0, _NO_HEADERS, None)
INVALID_JSON = ApiError(400, 50109, "The request body contains invalid JSON.")


def _answer_of(result: Any, headers: Mapping[str, str], verdict: Verdict) -> Response:
    status = 200
    if isinstance(result, Answer):
        status, result = result.status, result.body
    return Response(status, headers, None if status == 204 else orjson.dumps(result), verdict)


def _error_of(fault: Fault) -> ApiError:
    if fault.status == 429:
        return too_many(
            fault.retry_after or DEFAULT_RETRY_SECONDS, scope=fault.scope, code=fault.code, message=fault.message
        )
    return ApiError(fault.status, fault.code, fault.message or f"{fault.status}: sandbox fault")


def _no_route(method: str, path: str) -> ApiError:
    """No 501, because clients repeat what fails with a 5xx, and keep its message to themselves."""
    known = ROUTES.methods_of(path)
    if known:
        return ApiError(405, 0, f"405: the sandbox knows {path} with {', '.join(known)}, not with {method}")
    return ApiError(404, 0, f"404: the sandbox has no {method} {path}")


class Api:
    """Answers requests and writes down what was wrong with them, or with the answers."""

    def __init__(
        self,
        world: World,
        limiter: RateLimiter,
        faults: Faults,
        specification: Specification | None,
        *,
        describe_gateway: Callable[[], dict[str, Any]],
        on_request: Callable[[], None],
    ) -> None:
        self.world = world
        self.limiter = limiter
        self.faults = faults
        self.specification = specification
        self.violations: list[str] = []
        self.rejected: list[str] = []
        self.requests: deque[Seen] = deque(maxlen=20_000)
        self.refused: deque[str] = deque(maxlen=2000)
        self._state = State(describe_gateway)
        self._on_request = on_request

    def answer(self, request: Request, fault: Fault | None = None) -> Response | None:
        """Act on the request as far as the fault lets it, and remember it; None says that the line breaks."""
        if fault is None or fault.action == "delay":
            response = self.act(request)
            self._record(request, response, is_struck=fault is not None)
            return response
        if fault.action == "status":
            return self.refuse(request, _error_of(fault), self._headers_of(request, fault), is_struck=True)
        response = self.act(request) if fault.action == "lose_answer" else NO_ANSWER
        self._record(request, response._replace(status=0), is_struck=True)
        return None

    def _headers_of(self, request: Request, fault: Fault) -> Mapping[str, str]:
        """The headers of the bucket that a planned 429 says is empty; a global one speaks of no bucket."""
        found = ROUTES.find(request.method, request.path)
        if fault.status != 429 or fault.scope == "global" or found is None:
            return _NO_HEADERS
        return self.limiter.describe_empty(found[0].key, fault.retry_after or DEFAULT_RETRY_SECONDS)

    def refuse(
        self, request: Request, error: ApiError, headers: Mapping[str, str] = _NO_HEADERS, *, is_struck: bool = False
    ) -> Response:
        """Do not act; the answer tells why."""
        response = self._tell_of(error, request, headers)
        self._record(request, response, is_struck=is_struck)
        return response

    def act(self, request: Request) -> Response:
        """What the request is answered with, after its effect."""
        method, path, authorization, query, body, uploads, _ = request
        headers = _NO_HEADERS
        verdict: Verdict = "unchecked"
        result: Any
        try:
            found = ROUTES.find(method, path)
            if found is None:
                self.violations.append(f"unknown route: {method} {path}")
                raise _no_route(method, path)  # noqa: TRY301
            route, params = found
            if route.needs_token and authorization != f"Bot {self.world.application.token}":
                raise ApiError(401, 0, "401: Unauthorized")  # noqa: TRY301
            if route.is_limited:
                major = "/".join(params[name] for name in _MAJOR if name in params)
                limited = self.limiter.check(route.key, major, counts_globally=route.counts_globally)
                headers = limited.headers
                if limited.refusal is not None:
                    raise limited.refusal  # noqa: TRY301  (one place turns refusals into answers)
            if request.media not in route.media:
                raise wrong_media(route.media)  # noqa: TRY301
            if self.specification is not None:
                verdict = "invalid"
                self._check_request(self.specification, route, request)
                verdict = "valid"
            result = route.handler(Call(self.world, self._state, params, query, body, uploads, self.world.bot))
            if self.specification is not None:
                self._check_answer(self.specification, route, result)
        except ApiError as error:
            return self._tell_of(error, request, headers, verdict)
        except Exception as error:  # noqa: BLE001  (a crash of ours is a 500 for the bot and a violation for the test)
            _log.exception("crash in %s %s", method, path)
            self.violations.append(f"crash in {method} {path}: {error!r}")
            return self._tell_of(ApiError(500, 0, "500: Internal Server Error"), request, headers)
        return _answer_of(result, headers, verdict)

    def act_for(self, person: model.User, request: Request) -> Response:
        """A person's request, through the routes that are for people: the same rules, but no traffic of the bot."""
        found = ROUTES.find(request.method, request.path)
        try:
            if found is None or not found[0].is_for_people:
                raise ApiError(404, 0, "404: Not Found")  # noqa: TRY301  (one place turns refusals into answers)
            route, params = found
            call = Call(self.world, self._state, params, request.query, request.body, request.uploads, person)
            return _answer_of(route.handler(call), _NO_HEADERS, "unchecked")
        except ApiError as error:
            return Response(error.status, _NO_HEADERS, orjson.dumps(error.body()))
        except (LookupError, TypeError, ValueError, AttributeError):
            # The specification would have refused it before; here only the page asks, and says what it means.
            return Response(400, _NO_HEADERS, orjson.dumps(ApiError(400, 50035, "Invalid Form Body").body()))

    def _tell_of(
        self, error: ApiError, request: Request, headers: Mapping[str, str], verdict: Verdict = "unchecked"
    ) -> Response:
        status, body = error.status, error.body()
        if status in (401, 403) or (status == 429 and error.scope != "shared"):
            self.limiter.count_invalid(status)
        if error.retry_after is not None:
            headers = {**headers, "Retry-After": str(math.ceil(error.retry_after)), "X-RateLimit-Scope": error.scope}
            if error.is_global:
                headers["X-RateLimit-Global"] = "true"
        self.refused.append(f"{request.method} {request.path} -> {status} {body}")
        if self.specification is not None:
            schema = "RatelimitedResponse" if status == 429 else "ErrorResponse"
            problems = self.specification.check_object(schema, body)
            self.violations += [f"error of {request.method} {request.path}: {problem}" for problem in problems]
        return Response(status, headers, orjson.dumps(body), verdict, error.sentence)

    def _record(self, request: Request, response: Response, *, is_struck: bool) -> None:
        status, verdict, refusal = response.status, response.verdict, response.refusal
        now = self.world.clock()
        self.requests.append(Seen(request.method, request.path, status, request.body, now, is_struck, verdict, refusal))
        self._on_request()

    # honesty

    def _check_request(self, specification: Specification, route: Route, request: Request) -> None:
        tree = specification.check_request(route.key, request.query, request.body, has_files=bool(request.uploads))
        if tree is not None:
            self.rejected.append(f"{route.key}: {tree}")
            raise ApiError(400, 50035, "Invalid Form Body", errors=tree)

    def _check_answer(self, specification: Specification, route: Route, result: Any) -> None:
        status, answer = (result.status, result.body) if isinstance(result, Answer) else (200, result)
        problems = specification.check_answer(route.key, status, answer)
        self.violations += [f"answer of {route.key}: {problem}" for problem in problems]

    def inspect(self, name: str, data: dict[str, Any]) -> None:
        """Check what the gateway is about to send."""
        if self.specification is not None:
            self.violations += [f"event {name}: {problem}" for problem in self.specification.check_event(name, data)]
