"""PostgreSQL and Valkey from pip packages, started for one command and stopped after it.

`python -m config.embedded -- COMMAND` runs COMMAND on empty services that are thrown away
afterwards; `--keep` runs it on the data under `.data/`. See docs/running.md.
"""
