"""Tables of contacts: read from a file, columns understood, rows cleaned. Pure; no database.

`reading.open_table` -> rows, `mapping.guess_mapping` -> what each column is,
`cleaning.clean_row` -> a contact or the reason why not. The rules are told in docs/importing.md.
"""
