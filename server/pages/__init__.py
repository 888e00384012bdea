"""The pages that people see: plain HTML forms, no script."""
