"""What happened, over HTTP."""
