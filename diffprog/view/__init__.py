"""Pictures and tables of programs, graphs and runs."""
