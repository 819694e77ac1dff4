"""What a change means for apps, money and uptime, before it is merged, and how it is shown."""
