"""Push: a platform calls an address that nobody can guess, and the source is read soon. What it says is not believed.

A call is a hint to look, whatever its body holds: content comes from the source alone. Where the platform signs its
calls, the signature is checked and no call is taken twice. A call's headers say how it is signed: by Standard Webhooks
(which Svix and with it beehiiv follow), or as Ghost does.
"""

import base64
import binascii
import hmac
import re
from collections.abc import AsyncIterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from secrets import token_urlsafe

from bot.clock import Clock
from bot.errors import NotFoundError, RefusedError
from bot.log import keep_secret
from bot.model.member import Act
from bot.services.members.audiences import require_administrator
from bot.services.reading.quotas import DEFAULT_QUOTAS, Quotas, soonest_after, used_up
from bot.store import Store, Transaction
from bot.store import guilds as guild_rows
from bot.store import push as push_rows
from bot.store import sources as source_rows
from bot.store.secret_box import SecretBox

TOLERANCE = timedelta(minutes=5)
"""How far a signed call's moment may be from ours (Standard Webhooks, "Verifying webhook authenticity")."""

SHORTEST_SECRET = 16
"""Characters of a secret that somebody thought of, and bytes of one that a platform made."""

_SECRET = "whsec_"  # noqa: S105 - how those of Standard Webhooks begin
_GHOST = re.compile(r"sha256=(?P<signature>[0-9a-f]{64}), ?t=(?P<sent>[0-9]{1,16})")


@dataclass(frozen=True, slots=True)
class Hooked:
    """The address to give to the platform, and whether its calls have to be signed."""

    address: str
    is_signed: bool


def _new_token() -> str:
    token = token_urlsafe(32)
    keep_secret(token)
    return token


class Push:
    """quotas: how soon after a reading a call may let the source be read again."""

    def __init__(
        self,
        store: Store,
        *,
        clock: Clock,
        secrets: SecretBox,
        public_url: str | None,
        quotas: Quotas = DEFAULT_QUOTAS,
    ) -> None:
        self._quotas = quotas
        self._store = store
        self._clock = clock
        self._secrets = secrets
        self._public_url = public_url

    async def open(self, act: Act, source_id: int, *, secret: str | None) -> Hooked:
        """The address for a source that the server reads: the one that it has, or else a new one.

        secret: with which the platform signs from now on: `whsec_…`, or any text of `SHORTEST_SECRET` characters.
        Raises RefusedError where the operator opened no way in, for what is no such secret, and for who may not set up
        the server; NotFoundError for a source that the server does not read.
        """
        require_administrator(act.actor)
        guild_id = act.guild_id
        if self._public_url is None:
            raise RefusedError("push-closed")
        sealed = None
        if secret is not None:
            _require_secret(secret)
            sealed = self._secrets.seal(secret)
        async with self._store.effect(act) as transaction:
            await self._require_read(transaction, guild_id, source_id)
            await guild_rows.hold_guild(transaction, guild_id)  # two who ask at once get the same address
            hook = await push_rows.hook_of(transaction, guild_id=guild_id, source_id=source_id)
            if not transaction.is_repeated and (hook is None or sealed is not None):
                await push_rows.set_hook(
                    transaction,
                    guild_id=guild_id,
                    source_id=source_id,
                    token=hook.token if hook is not None else _new_token(),
                    secret=sealed,
                )
                hook = await push_rows.hook_of(transaction, guild_id=guild_id, source_id=source_id)
        if hook is None:
            raise NotFoundError("push-unknown")  # a replay: it was taken away meanwhile
        return self._hooked(hook)

    async def close(self, act: Act, source_id: int) -> None:
        """Let the server's address for a source do nothing any more. Raises as `open`."""
        require_administrator(act.actor)
        async with self._store.effect(act) as transaction:
            await self._require_read(transaction, act.guild_id, source_id)
            if not transaction.is_repeated:
                await push_rows.remove_hooks(transaction, guild_id=act.guild_id, source_id=source_id)

    async def of(self, guild_id: int) -> dict[int, Hooked]:
        """The server's addresses, by source."""
        async with self._store.read() as transaction:
            hooks = await push_rows.hooks_of_guild(transaction, guild_id)
        return {hook.source_id: self._hooked(hook) for hook in hooks}

    def _hooked(self, hook: push_rows.Hook) -> Hooked:
        return Hooked(f"{self._public_url}/hooks/{hook.token}", is_signed=hook.secret is not None)

    async def _require_read(self, transaction: Transaction, guild_id: int, source_id: int) -> None:
        read = await guild_rows.sources_of_guild(transaction, guild_id)
        if source_id not in {source.source_id for source in read}:
            raise NotFoundError("setup-source-unknown")

    async def take(self, token: str, headers: Mapping[str, str], body: AsyncIterable[bytes]) -> None:
        """Let the source of this address be read soon.

        body: read only where the call is signed, and never kept. While one call waits to be followed, others write
        nothing. Raises NotFoundError for an address that is nobody's, RefusedError for a call that is not signed as it
        must be, is too old, or came before.
        """
        now = self._clock.now()
        async with self._store.read() as transaction:  # anybody may call, so nothing is written before that is settled
            hook = await push_rows.find_hook(transaction, token)
        if hook is None:
            raise NotFoundError("push-unknown")
        keep_secret(token)
        key = None
        if hook.secret is not None:
            call = await self._verified(self._secrets.open(hook.secret), headers, body)
            key = sha256(f"{token}\x1f{call}".encode()).hexdigest()
        soonest = soonest_after(hook.last_read_at, self._quotas, now=now)
        if hook.called_at is not None and timedelta() <= now - hook.called_at < self._quotas.shortest_pause:
            async with self._store.read() as transaction:
                if key is not None and await push_rows.is_recorded(transaction, key):
                    raise RefusedError("push-replayed")
                is_heard = hook.is_failing or (hook.wanted_at is not None and hook.wanted_at <= soonest)
                if is_heard or await used_up(transaction, [hook.guild_id], self._quotas):
                    return
        async with self._store.write() as transaction:
            if key is not None and not await push_rows.record_call(transaction, key, forget_before=now - 3 * TOLERANCE):
                raise RefusedError("push-replayed")
            await push_rows.note_call(transaction, token)
            # What a call brings about is on the account of the server that let it in.
            if not await used_up(transaction, [hook.guild_id], self._quotas):
                await source_rows.want(transaction, hook.source_id, soonest, guild_id=hook.guild_id)

    async def _verified(self, secret: str, headers: Mapping[str, str], body: AsyncIterable[bytes]) -> str:
        """What tells a call from all others that are signed with this secret, and lately. Raises RefusedError."""
        given = {name.lower(): value for name, value in headers.items()}
        if (signature := given.get("x-ghost-signature")) is not None:
            return await self._verified_as_ghost(secret, signature, body)

        def header(name: str) -> str:
            return given.get(f"webhook-{name}") or given.get(f"svix-{name}") or ""

        call, sent, signatures = header("id"), header("timestamp"), header("signature")
        key = _key_of(secret)
        if key is None or not call or not sent.isascii() or not sent.isdigit() or not signatures:
            raise RefusedError("push-unsigned")
        self._require_lately(int(sent[:12]))
        signed = hmac.new(key, f"{call}.{sent}.".encode(), "sha256")
        async for piece in body:
            signed.update(piece)
        wanted = base64.b64encode(signed.digest()).decode()
        # Several, where the platform changes its secret: `v1,… v1,…`.
        offered = [each.partition(",")[2] for each in signatures.split(" ") if each.startswith("v1,")]
        if not any([hmac.compare_digest(wanted.encode(), each.encode()) for each in offered]):  # noqa: C419 - all, always
            raise RefusedError("push-unsigned")
        return call

    async def _verified_as_ghost(self, secret: str, signature: str, body: AsyncIterable[bytes]) -> str:
        """The signature, by which alone Ghost's calls differ; the milliseconds of `t` are signed behind the body."""
        found = _GHOST.fullmatch(signature)
        if found is None:
            raise RefusedError("push-unsigned")
        self._require_lately(int(found["sent"]) / 1000)
        signed = hmac.new(secret.encode(), digestmod="sha256")
        async for piece in body:
            signed.update(piece)
        signed.update(found["sent"].encode())
        if not hmac.compare_digest(signed.hexdigest(), found["signature"]):
            raise RefusedError("push-unsigned")
        return found["signature"]

    def _require_lately(self, sent: float) -> None:
        """Raise RefusedError for a moment, in seconds since 1970, that is too far from ours."""
        if abs(self._clock.now().timestamp() - sent) > TOLERANCE.total_seconds():
            raise RefusedError("push-stale")


def _require_secret(secret: str) -> None:
    """Raise RefusedError for what no platform signs with, and for what others could guess."""
    keep_secret(secret)
    is_made = secret.startswith(_SECRET)
    if (is_made and _key_of(secret) is None) or len(secret) < SHORTEST_SECRET:
        raise RefusedError("push-secret-invalid")


def _key_of(secret: str) -> bytes | None:
    """What a secret of Standard Webhooks stands for; None for another one."""
    keep_secret(secret.removeprefix(_SECRET))
    try:
        key = base64.b64decode(secret.removeprefix(_SECRET), validate=True)
    except (binascii.Error, ValueError):
        return None
    return key if len(key) >= SHORTEST_SECRET else None
