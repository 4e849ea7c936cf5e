"""What the bot serves by HTTP, on its own loopback listener."""
