"""The language: text to AST (parse), AST to typed AST (check), and back to text (format, fill)."""
