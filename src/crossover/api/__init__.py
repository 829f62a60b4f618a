"""What a Python program or a notebook calls: run a study, open one, and look at what it found."""
