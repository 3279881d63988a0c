"""The graph: its nodes and regions, its invariants, its text, its rewrite rules."""
