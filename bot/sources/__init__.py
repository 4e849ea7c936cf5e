"""Where issues come from: feeds, and platforms' APIs."""
