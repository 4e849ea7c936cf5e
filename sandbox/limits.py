"""Discord's limits as numbers, the buckets that enforce rate limits, and a count of invalid requests.

Figures without a source in Discord's documentation are the commonly observed ones and say so.
"""

import hashlib
from collections import deque
from dataclasses import dataclass, field

from sandbox.clock import Clock
from sandbox.errors import ApiError

Rate = tuple[int, float]
"""So many requests in so many seconds."""

_OBSERVED: dict[str, Rate] = {
    "POST /channels/{channel_id}/messages": (5, 5.0),
    "PATCH /channels/{channel_id}/messages/{message_id}": (5, 5.0),
    "DELETE /channels/{channel_id}/messages/{message_id}": (5, 1.0),
    "GET /channels/{channel_id}/messages": (5, 5.0),
    "POST /channels/{channel_id}/messages/{message_id}/threads": (50, 300.0),
    "POST /channels/{channel_id}/threads": (50, 300.0),
    "POST /channels/{channel_id}/typing": (5, 5.0),
    "PUT /guilds/{guild_id}/members/{user_id}/roles/{role_id}": (10, 10.0),
    "DELETE /guilds/{guild_id}/members/{user_id}/roles/{role_id}": (10, 10.0),
    "POST /webhooks/{webhook_id}/{webhook_token}": (5, 2.0),
    "PATCH /webhooks/{webhook_id}/{webhook_token}/messages/{message_id}": (5, 2.0),
    "PATCH /webhooks/{webhook_id}/{webhook_token}/messages/@original": (5, 2.0),
    "POST /users/@me/channels": (10, 600.0),
}


@dataclass(slots=True)
class Limits:
    """Every adjustable figure. `Limits.off()` keeps the rules and drops the waiting."""

    enabled: bool = True
    default: Rate = (10, 1.0)
    routes: dict[str, Rate] = field(default_factory=lambda: dict(_OBSERVED))
    per_second: int = 50
    old_edit_age: float = 3600.0
    old_edits: Rate = (3, 6.0)
    crossposts: Rate = (10, 3600.0)
    published_edits: Rate = (3, 3600.0)
    nonce_seconds: float = 300.0
    answer_seconds: float = 3.0
    token_seconds: float = 900.0
    identify_seconds: float = 5.0
    max_concurrency: int = 1
    shards: int = 1
    session_starts: int = 1000
    session_starts_seconds: float = 86_400.0
    resume_seconds: float = 120.0
    replay_events: int = 5000
    heartbeat_ms: int = 41_250
    gateway_commands: Rate = (120, 60.0)
    guilds_a_shard: int = 2500
    member_lists: Rate = (1, 30.0)
    command_creates_a_day: int = 200
    attachment_bytes: int = 10 * 1024 * 1024

    @property
    def session_start_rate(self) -> Rate:
        return self.session_starts, self.session_starts_seconds

    @classmethod
    def off(cls) -> "Limits":
        """No rate limits (the headers stay, with room for a million), no waiting between identifies."""
        never = 1_000_000
        return cls(
            enabled=False,
            default=(never, 1.0),
            routes={},
            per_second=never,
            old_edits=(never, 1.0),
            crossposts=(never, 1.0),
            published_edits=(never, 1.0),
            identify_seconds=0.0,
            gateway_commands=(never, 1.0),
            member_lists=(never, 1.0),
            command_creates_a_day=never,
        )


class Window:
    """A fixed window, as Discord's buckets have: it opens with the first request and refills at its end."""

    __slots__ = ("count", "ends")

    def __init__(self) -> None:
        self.count = 0
        self.ends = 0.0

    def take(self, now: float, rate: Rate) -> float:
        """Count one request; how many seconds it is too early, 0 if it may pass."""
        limit, seconds = rate
        if now >= self.ends:
            self.count = 0
            self.ends = now + seconds
        if self.count >= limit:
            return max(0.001, self.ends - now)
        self.count += 1
        return 0.0

    def left(self, now: float, rate: Rate) -> tuple[int, float]:
        """How many more may pass, and the seconds until it refills (0 while it is not open)."""
        return (rate[0], 0.0) if now >= self.ends else (max(0, rate[0] - self.count), self.ends - now)


@dataclass(slots=True)
class Verdict:
    headers: dict[str, str]
    refusal: ApiError | None = None


class RateLimiter:
    """One bucket per route and major parameter (channel, server or webhook), one global window per token."""

    def __init__(self, limits: Limits, clock: Clock) -> None:
        self.limits = limits
        self._clock = clock
        self._buckets: dict[tuple[str, str], Window] = {}
        self._global = Window()
        self._names: dict[str, str] = {}
        self.invalid_requests: deque[tuple[float, int]] = deque(maxlen=20_000)

    def check(self, route: str, major: str, *, counts_globally: bool) -> Verdict:
        now = self._clock()
        limits = self.limits
        rate = limits.routes.get(route, limits.default)
        key = (route, major)
        bucket = self._buckets.get(key)
        if bucket is None:
            bucket = self._buckets[key] = Window()
            if len(self._buckets) > 10_000:
                self._buckets = {key: bucket} | {one: kept for one, kept in self._buckets.items() if kept.ends > now}
        early = bucket.take(now, rate)
        headers = self._describe(route, rate[0] - bucket.count, bucket.ends, bucket.ends - now)
        if early:
            return Verdict(headers, too_many(early))
        if counts_globally:
            early = self._global.take(now, (limits.per_second, 1.0))
            if early:
                return Verdict({"X-RateLimit-Global": "true"}, too_many(early, scope="global"))
        return Verdict(headers)

    def describe_empty(self, route: str, retry_after: float) -> dict[str, str]:
        """The headers of the route's bucket, as if nothing were left in it for so many seconds."""
        return self._describe(route, 0, self._clock() + retry_after, retry_after)

    def _describe(self, route: str, remaining: int, ends: float, reset_after: float) -> dict[str, str]:
        name = self._names.get(route)
        if name is None:
            name = self._names[route] = hashlib.blake2s(route.encode(), digest_size=8).hexdigest()
        return {
            "X-RateLimit-Limit": str(self.limits.routes.get(route, self.limits.default)[0]),
            "X-RateLimit-Remaining": str(remaining),
            "X-RateLimit-Reset": f"{ends:.3f}",
            "X-RateLimit-Reset-After": f"{reset_after:.3f}",
            "X-RateLimit-Bucket": name,
        }

    def count_invalid(self, status: int) -> None:
        self.invalid_requests.append((self._clock(), status))

    def invalid_in(self, seconds: float = 600.0) -> int:
        """How many 401, 403 and 429 were given lately; Discord bans the address at 10,000 in ten minutes."""
        since = self._clock() - seconds
        return sum(moment >= since for moment, _ in self.invalid_requests)


def too_many(retry_after: float, *, scope: str = "user", code: int = 0, message: str = "") -> ApiError:
    """A 429. Scope: "user" a bucket of the bot, "global" all of them, "shared" a resource that others use, too."""
    return ApiError(
        429,
        code,
        message or f"{'The resource is' if scope == 'shared' else 'You are'} being rate limited.",
        retry_after=retry_after,
        scope=scope,
        is_global=scope == "global",
    )
