"""What a person sees of a finished study: tables and one HTML page."""
