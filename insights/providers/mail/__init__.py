"""What a mail that came in says: bounce, complaint, automatic or personal answer, unsubscribe."""
