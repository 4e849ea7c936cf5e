"""Where issues come from: feeds now; platforms' APIs, files and push find their place beside it."""
