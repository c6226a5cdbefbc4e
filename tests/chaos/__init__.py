"""The fault harness: `make chaos`. Plain programs, no pytest; what pytest runs is in test_*.py."""
