"""What the controller shows and hears over HTTP: health, metrics, status, webhooks."""
