"""SMS over SMPP 3.4: a connection to a message centre that stays."""
