"""Speed, measured side by side in one run. Figures and machine: docs/benchmarks.md."""
