"""The REST door: routes by feature, each a plain function from `Call` to the JSON of the answer."""

from sandbox.rest import account, channels, commands, guilds, interactions, messages, threads
from sandbox.rest.routing import Call, Routes


def all_routes() -> Routes:
    routes = Routes()
    for room in (account, guilds, channels, messages, threads, commands, interactions):
        room.add_to(routes)
    return routes


__all__ = ["Call", "Routes", "all_routes"]
