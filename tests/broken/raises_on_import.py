"""Cannot be imported: it looks for something that is not there."""

raise RuntimeError("the licence dongle is not plugged in")
