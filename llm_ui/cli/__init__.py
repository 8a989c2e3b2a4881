"""The command line: what `python3 dev.py` and the installed `llm-ui` do.

Most of it uses only the standard library, because it also runs before anything is installed. The
exceptions run inside the environment, each as a short process of its own: `prepare` (checks the
settings, migrates), `serve` (the web server), `admin`, `backup`, `usage`, `prices`,
`reports_inside`.

    main         the verbs and their options
    reports      verbs that prepare nothing: status, users, keys, logs, config
    options      options of the programs that verbs start
    start        preparing, starting, waiting until ready, stopping
    doctor       what is missing and how to get it
    setup        getting an installation ready:
      installation   where the app lives: a checkout, or an installed package and its folder
      steps          one step with its progress, its log and advice for when it fails
      build_stamps   which steps are done, so that they are not repeated
      env_file       the .env file
      install        environment, requirements, bundled model
      private_files  file permissions for this account only
      slimming       removing what the environment does not need
      frontend       the built frontend
    development  what developers run:
      suite          tests and checks, with the browser they need
      databases      PostgreSQL and Redis for the tests
      lock           the requirements, with hashes
"""
