"""The command line: what `python3 dev.py` and the installed `llm-ui` do.

Everything here runs on the standard library alone, because it also runs before anything
is installed. The exceptions run inside the environment, each as its own short process:
`prepare` (checks the settings, migrates), `serve` (the web server), `admin`, `look`.

    main      the verbs and their options
    questions verbs that only ask: status, users, keys, logs, config
    options   what programs take that are started by a verb
    place     where the app lives: a checkout, or an installed package and its folder
    steps     one step with its progress, its log and what to do when it fails
    stamps    what was done already, so that it is not done again
    envfile   the .env file
    install   environment, requirements, bundled model
    lock      what those are, with hashes
    private   what is written is for this account alone
    slim      what the environment can do without
    frontend  the built frontend
    start     preparing, starting, waiting until ready, stopping
    suite     tests and checks, with the browser they need
    services  PostgreSQL and Redis for the tests
    doctor    what is missing and how to get it
"""
