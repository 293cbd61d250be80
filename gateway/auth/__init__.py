"""Who calls: API keys, signed user claims, tickets, addresses behind trusted proxies."""
