"""Where newsletters come from: sources, what they give, and what that may cost."""
