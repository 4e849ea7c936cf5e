"""What must happen on Discord, brought there once: the outbox, its kinds of messages, cards, notices and channels."""
