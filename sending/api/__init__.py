"""What sends, over HTTP: campaigns started and followed, single messages, imports."""
