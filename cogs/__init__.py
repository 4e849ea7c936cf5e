"""Discord commands only: read the interaction, call one service, reply."""
