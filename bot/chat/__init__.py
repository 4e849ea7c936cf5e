"""From the model to Discord messages: what they look like, how they are sent, and what their buttons do."""
