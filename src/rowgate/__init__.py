"""rowgate: a PostgREST-compatible gateway from HTTP to PostgreSQL.

A request passes one row of stages, each turning one immutable value into the next:

    authenticate -> parse (request) -> plan -> render (sql) -> run (execute) -> answer (response)

``app.py`` shows the row in one screen.
"""
