"""What other tools measured and wrote: their finished logs, data and prompts, read without the tools themselves."""
