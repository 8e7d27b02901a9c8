"""Redis, PostgreSQL and the portal's own processes as children of one command: demo, pilot, tests.

Production does not use this package: there, docker/compose.yaml or systemd run the services.
"""
