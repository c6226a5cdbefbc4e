"""Forms of rules: what a person enters, read by the same functions that decide."""
