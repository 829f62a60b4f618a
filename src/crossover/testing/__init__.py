"""Contract suites for outsiders: call them in your own tests to know that your plug-in keeps its promises."""
