"""What every message with components is made of."""

from discord import ui

from bot.chat.plain import room_of


def room_in(view: ui.LayoutView) -> int:
    """How many of the 4,000 characters that a message holds are taken (`room_of`)."""
    return sum(room_of(item.content) for item in view.walk_children() if isinstance(item, ui.TextDisplay))


class View(ui.LayoutView):
    """A layout that discord.py does not keep.

    All our buttons carry their state and are found by their custom id (`Press`), also after a restart. A view that is
    not stopped would be held with a timer for a quarter of an hour after each ephemeral answer, and for ever after each
    other message.
    """

    def __init__(self) -> None:
        super().__init__(timeout=None)
        self.stop()


class Buttons(ui.View):
    """Buttons below a message of text, which discord.py does not keep either."""

    def __init__(self) -> None:
        super().__init__(timeout=None)
        self.stop()
