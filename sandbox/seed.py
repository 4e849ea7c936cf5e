"""The server that tests and the demo start from: one newsletter's community."""

from sandbox.model import Guild, Keeper
from sandbox.permissions import Permission

DAY = 86400.0

BOT_PERMISSIONS = int(
    Permission.VIEW_CHANNEL
    | Permission.SEND_MESSAGES
    | Permission.SEND_MESSAGES_IN_THREADS
    | Permission.CREATE_PUBLIC_THREADS
    | Permission.MANAGE_THREADS
    | Permission.MANAGE_MESSAGES
    | Permission.MANAGE_ROLES
    | Permission.READ_MESSAGE_HISTORY
    | Permission.EMBED_LINKS
    | Permission.ATTACH_FILES
    | Permission.USE_APPLICATION_COMMANDS
)


def plant(world: Keeper) -> Guild:
    """One server: channels #news (announcement), #general, #links, #review (staff), #ideas (forum); roles moderator,
    editor, administrator, readers; people mia (member), nils (joined an hour ago), mara (moderator), edda (editor)
    and ada (administrator). The bot is in it.
    """
    now = world.clock()
    guild = world.add_guild("The Morning Sheet", owner="ada")
    moderator = guild.add_role("moderator", permissions=int(Permission.MANAGE_MESSAGES | Permission.MANAGE_THREADS))
    editor = guild.add_role("editor", permissions=int(Permission.MANAGE_GUILD | Permission.MANAGE_MESSAGES))
    guild.add_role("administrator", permissions=int(Permission.ADMINISTRATOR))
    guild.add_role("readers", mentionable=False)
    view, send = int(Permission.VIEW_CHANNEL), int(Permission.SEND_MESSAGES)
    bot = world.add_bot(guild, BOT_PERMISSIONS)
    guild.add_channel("news", kind="announcement", overwrites={guild.everyone: (0, send), bot: (send, 0)})
    guild.add_channel("general")
    guild.add_channel("links", topic="What should run in the next issue?")
    guild.add_channel(
        "review",
        overwrites={guild.everyone: (0, view), moderator: (view, 0), editor: (view, 0), bot: (view, 0)},
    )
    guild.add_channel("ideas", kind="forum", tags=("issue", "idea"))
    guild.add_member("mia", joined_at=now - 200 * DAY, created_at=now - 900 * DAY)
    guild.add_member("nils", joined_at=now - 3600, created_at=now - 2 * DAY)
    guild.add_member("mara", roles=["moderator"], joined_at=now - 400 * DAY, created_at=now - 1200 * DAY)
    guild.add_member("edda", roles=["editor"], joined_at=now - 500 * DAY, created_at=now - 1500 * DAY)
    guild.add_member("ada", roles=["administrator"], joined_at=now - 600 * DAY, created_at=now - 1800 * DAY)
    return guild
