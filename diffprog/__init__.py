"""diffprog: programs that run crisply, train softly and are printed back as programs.

The public interface, free of torch: importing it loads nothing heavy.
"""

__version__ = "0.1.0"
