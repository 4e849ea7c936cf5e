"""A small Discord and a newsletter's web site on loopback, with real sockets.

async with Sandbox() as sandbox:
    guild = sandbox.world.seed()
    ...  # start a bot against sandbox.api_url with sandbox.token
    reply = await sandbox.member("mia").slash("/issue latest")
    print(reply.message.text)
"""

from sandbox.clock import ManualClock
from sandbox.errors import NothingHappened, Refused
from sandbox.limits import Limits
from sandbox.permissions import Permission
from sandbox.server import Sandbox
from sandbox.site import Site

__all__ = ["Limits", "ManualClock", "NothingHappened", "Permission", "Refused", "Sandbox", "Site"]
