"""Import and export: rules, numbers, members, groups and trunks as tables for spreadsheets and as one JSON file."""
