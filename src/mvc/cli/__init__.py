"""The command: parse, call, report, exit code. Each command is a module that is imported when it is called."""
