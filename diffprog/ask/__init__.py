"""Asking a table in words: a CSV and a question in, the program that answers it out."""
