"""The gateway as a process of its own: where its settings come from, its ports, its signals, its log."""
