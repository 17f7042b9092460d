"""The phone remote: a page on the local network for guests, and one for whoever runs the show. Needs the extra `web`."""
