"""Whether the parts the application stands on are alive: /health/."""
