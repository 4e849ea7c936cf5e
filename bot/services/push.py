"""Push: a platform calls an address that nobody can guess, and the source is read soon. What it says is not believed.

A call is a hint to look, whatever its body holds: content comes from the source alone. Where the platform signs its
calls (Standard Webhooks, which Svix and with it beehiiv follow), the signature is checked and no call is taken twice.
"""

import base64
import binascii
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from secrets import token_urlsafe

from bot.clock import Clock
from bot.errors import NotFoundError, RefusedError
from bot.log import keep_secret
from bot.ports import Bell
from bot.services.quotas import DEFAULT_QUOTAS, Quotas, soonest_after, used_up
from bot.store import Store
from bot.store import guilds as guild_rows
from bot.store import interactions as interaction_rows
from bot.store import push as push_rows
from bot.store import sources as source_rows
from bot.store.secret_box import SecretBox

TOLERANCE = timedelta(minutes=5)
"""How far a signed call's moment may be from ours (Standard Webhooks, "Verifying webhook authenticity")."""

_SECRET = "whsec_"  # noqa: S105 - how such secrets begin


@dataclass(frozen=True, slots=True)
class Hooked:
    """The address to give to the platform, and whether its calls have to be signed."""

    address: str
    is_signed: bool


class Push:
    """quotas: how soon after a reading a call may let the source be read again."""

    def __init__(
        self,
        store: Store,
        *,
        clock: Clock,
        bell: Bell,
        secrets: SecretBox,
        public_url: str | None,
        quotas: Quotas = DEFAULT_QUOTAS,
    ) -> None:
        self._quotas = quotas
        self._store = store
        self._clock = clock
        self._bell = bell
        self._secrets = secrets
        self._public_url = public_url

    async def open(self, guild_id: int, source_id: int, *, secret: str | None, interaction_id: int) -> Hooked:
        """A new address for a source that the server reads; an earlier one is void from now on. A replay gets the same.

        secret: with which the platform signs (`whsec_…`). Raises RefusedError where the operator opened no way in, or
        for what is no such secret, NotFoundError for a source that the server does not read.
        """
        if self._public_url is None:
            raise RefusedError("push-closed")
        sealed = None
        if secret is not None:
            _key_of(secret)
            sealed = self._secrets.seal(secret)
        token, now = token_urlsafe(32), self._clock.now()
        keep_secret(token)
        async with self._store.write() as transaction:
            read = await guild_rows.sources_of_guild(transaction, guild_id)
            if source_id not in {source.source_id for source in read}:
                raise NotFoundError("setup-source-unknown")
            if await interaction_rows.record_effect(transaction, interaction_id, guild_id=guild_id, now=now):
                await push_rows.set_hook(
                    transaction, guild_id=guild_id, source_id=source_id, token=token, secret=sealed, now=now
                )
            else:
                token = await push_rows.token_of(transaction, guild_id=guild_id, source_id=source_id) or token
        return Hooked(f"{self._public_url}/hooks/{token}", is_signed=sealed is not None)

    async def take(self, token: str, headers: Mapping[str, str], body: bytes) -> None:
        """Let the source of this address be read soon.

        Raises NotFoundError for an address that is nobody's, RefusedError for a call that is not signed as it must be,
        is too old, or came before.
        """
        now = self._clock.now()
        async with self._store.read() as transaction:  # anybody may call, so nothing is written before that is settled
            hook = await push_rows.find_hook(transaction, token)
        if hook is None:
            raise NotFoundError("push-unknown")
        keep_secret(token)
        call = self._verified(self._secrets.open(hook.secret), headers, body) if hook.secret is not None else None
        async with self._store.write() as transaction:
            if call is not None:
                key = sha256(f"{token}\x1f{call}".encode()).hexdigest()
                if not await push_rows.record_call(transaction, key, now=now, forget_before=now - 3 * TOLERANCE):
                    raise RefusedError("push-replayed")
            await push_rows.note_call(transaction, token, now=now)
            soonest = soonest_after(hook.last_read_at, self._quotas, now=now)
            # What a call brings about is on the account of the server that let it in.
            if not await used_up(transaction, [hook.guild_id], self._quotas, now=now):
                await source_rows.want(transaction, hook.source_id, soonest, guild_id=hook.guild_id)
        self._bell.ring("sources")

    def _verified(self, secret: str, headers: Mapping[str, str], body: bytes) -> str:
        """The id of a call that is signed with this secret, and lately. Raises RefusedError."""
        given = {name.lower(): value for name, value in headers.items()}

        def header(name: str) -> str:
            return given.get(f"webhook-{name}") or given.get(f"svix-{name}") or ""

        call, sent, signatures = header("id"), header("timestamp"), header("signature")
        if not call or not sent.isascii() or not sent.isdigit() or not signatures:
            raise RefusedError("push-unsigned")
        if abs(self._clock.now().timestamp() - int(sent[:12])) > TOLERANCE.total_seconds():
            raise RefusedError("push-stale")
        signed = f"{call}.{sent}.".encode() + body
        wanted = base64.b64encode(hmac.new(_key_of(secret), signed, "sha256").digest()).decode()
        # Several, where the platform changes its secret: `v1,… v1,…`.
        offered = [each.partition(",")[2] for each in signatures.split(" ") if each.startswith("v1,")]
        if not any([hmac.compare_digest(wanted.encode(), each.encode()) for each in offered]):  # noqa: C419 - all, always
            raise RefusedError("push-unsigned")
        return call


def _key_of(secret: str) -> bytes:
    """Raises RefusedError for what is no secret of such webhooks."""
    try:
        keep_secret(secret.removeprefix(_SECRET))
        key = base64.b64decode(secret.removeprefix(_SECRET), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) < 16:
        raise RefusedError("push-secret-invalid")
    return key
