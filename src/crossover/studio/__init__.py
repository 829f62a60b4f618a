"""The studio: studies in a browser, on this machine. It looks, tries out and starts; what decides is elsewhere."""
