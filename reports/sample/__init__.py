"""A committed example in both languages: `result.json` with its filters, and the reports made from it."""
