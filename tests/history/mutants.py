"""`make mutants`: does the judge notice? Mistakes are put into a copy of the product, one by one, and histories told.

`python -m tests.history.mutants [--histories 50] [--first SEED] [NAME ...]`. Prints for each mutation after how many
histories which invariant caught it; what is not caught is named, and the exit code is 1 then.
"""

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from tests.history.plan import Database

ROOT = Path(__file__).parents[2]
_COPIED = ("bot", "cogs", "sandbox", "tests", "migrations", "pyproject.toml", "alembic.ini")
_BROKEN = re.compile(r"^  ([a-z_]+): ", re.MULTILINE)
_COUNT = re.compile(r": (\d+) histories in")


@dataclass(frozen=True, slots=True)
class Mutation:
    """A mistake: in `path`, `before` becomes `after`."""

    name: str
    path: str
    before: str
    after: str
    on: Database = "sqlite"


MUTATIONS = (
    Mutation(
        "nonce left out",
        "bot/chat/delivering.py",
        "send(nonce=delivery.nonce, allowed_mentions",
        "send(allowed_mentions",
    ),
    Mutation(
        "marked before sent",
        "bot/services/delivery/sending.py",
        "            sent = await self._send(delivery, begun.matter, doubt_before=begun.doubt_before)\n",
        "            await self.finish(delivery)\n"
        "            sent = await self._send(delivery, begun.matter, doubt_before=begun.doubt_before)\n",
    ),
    Mutation(
        "lease not looked at",
        "bot/store/outbox.py",
        "    return and_(outbox.c.due_at <= now, or_(outbox.c.lease_until.is_(None), outbox.c.lease_until <= now))",
        "    return and_(outbox.c.due_at <= now)",
        on="postgresql",
    ),
    Mutation(
        "history not read",
        "bot/services/delivery/sending.py",
        "await self.announcer.find(delivery, since=delivery.doubt_since - CLOCK_DOUBT)\n        elif",
        "None\n        elif",
    ),
    Mutation(
        "ballot acknowledged before the commit",
        "bot/services/members/ballot_box.py",
        "        return await answer\n",
        "        from bot.model.poll import CastOutcome\n"
        "        from bot.store import polls\n\n"
        "        async with self._write.__self__._store.read() as transaction:\n"
        "            poll = await polls.get(transaction, ballot.poll_key, guild_id=ballot.guild_id)\n"
        "        return Cast(CastOutcome.COUNTED, poll, None)\n",
    ),
    Mutation(
        "a tally that counts presses",
        "bot/store/polls.py",
        '.values(tally=poll_options.c.tally + bindparam("more"))',
        ".values(tally=poll_options.c.tally + 1)",
    ),
    Mutation(
        "credit without leave",
        "bot/store/credits.py",
        "            member_credits.c.name.is_not(None),\n            member_credits.c.is_reviewed,\n",
        "            member_credits.c.name.is_not(None),\n",
    ),
    Mutation(
        "second ping",
        "bot/store/guilds.py",
        "                guilds.c.last_ping_at <= transaction.now - apart,\n",
        "                guilds.c.last_ping_at <= transaction.now,\n",
    ),
    Mutation(
        "beat ignored",
        "bot/services/delivery/standing.py",
        "        if hold.lapses != self.lapses or now_seconds() >= self._until - _TOO_LATE_SECONDS:\n",
        "        if False:\n",
        on="postgresql",
    ),
    Mutation(
        "no thread started",
        "bot/services/announcing/posting.py",
        "    if announcement.guild.discussion_threads and thread_id is None:",
        "    if announcement.guild.discussion_threads and thread_id is None and delivery.attempts > 1:",
    ),
    Mutation(
        "decided without looking",
        "bot/store/submissions.py",
        "            waits_for_decision(),\n        )\n        .values(state=state",
        "        )\n        .values(state=state",
    ),
    Mutation(
        "earlier announcements left as they are",
        "bot/services/announcing/posting.py",
        "        if delivery.generation:\n            await enqueue_folding",
        "        if delivery.generation > 1:\n            await enqueue_folding",
    ),
    Mutation(
        "a lane out of order",
        "bot/store/outbox.py",
        "    waits_behind = _stands_before(older).where(older.c.id.not_in(own))\n",
        "    waits_behind = _stands_before(older).where(older.c.id.not_in(own), older.c.id < 0)\n",
    ),
    Mutation(
        "card not drawn anew",
        "bot/services/members/polls.py",
        "            await _show_tallies(transaction, list(moved.values()))\n",
        "            await _show_tallies(transaction, list(moved.values())[1:])\n",
    ),
    Mutation(
        "answers for everybody",
        "bot/chat/replies.py",
        "            await interaction.response.send_message(sentence, ephemeral=True, allowed_mentions=none)",
        "            await interaction.response.send_message(sentence, allowed_mentions=none)",
    ),
)


def try_out(mutation: Mutation, *, histories: int, first: int) -> tuple[str, bool]:
    """What became of the mutation, and whether it was caught."""
    with tempfile.TemporaryDirectory(prefix="mutant-") as name:
        folder = Path(name, "product")
        folder.mkdir()
        Path(name).chmod(0o755)
        for each in _COPIED:
            copy = shutil.copytree if (ROOT / each).is_dir() else shutil.copy
            copy(ROOT / each, folder / each)
        changed = folder / mutation.path
        text = changed.read_text(encoding="utf-8")
        if text.count(mutation.before) != 1:
            return "it does not fit the product any more", False
        changed.write_text(text.replace(mutation.before, mutation.after), encoding="utf-8")
        command = [sys.executable, "-W", "ignore", "-m", "tests.history.soak", str(histories), "--first", str(first)]
        command += ["--on", mutation.on, "--until-broken", "--at-once", "1"]
        begun = time.monotonic()
        told = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        seconds = time.monotonic() - begun
    caught = list(dict.fromkeys(_BROKEN.findall(told.stdout.partition("BROKEN")[2].partition("\nseeds ")[0])))
    count = _COUNT.search(told.stdout)
    if count is None:
        return f"the histories could not be told: {told.stderr[-300:]}", False
    if not caught:
        return f"NOT CAUGHT in {count[1]} histories, {seconds:.0f} s {told.stdout[-300:]}", False
    return f"caught in {count[1]} histories, {seconds:.0f} s, by {', '.join(caught)}", True


def main() -> None:
    """Read the arguments and run."""
    parser = argparse.ArgumentParser()
    parser.add_argument("names", nargs="*", default=[mutation.name for mutation in MUTATIONS])
    parser.add_argument("--histories", type=int, default=50)
    parser.add_argument("--first", type=int, default=1000)
    given = parser.parse_args()
    escaped = 0
    for mutation in MUTATIONS:
        if mutation.name in given.names:
            said, is_caught = try_out(mutation, histories=given.histories, first=given.first)
            escaped += not is_caught
            print(f"{mutation.name}: {said}", flush=True)
    sys.exit(escaped > 0)


if __name__ == "__main__":
    main()
