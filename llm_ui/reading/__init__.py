"""What is in a file: its type by its content, the size of an image, the text of a document.

Files come from outside and may be hostile. `kinds` looks at a bounded part of one and may
run in the server; documents are opened in a process of their own only (`python -m
llm_ui.reading`), which has limits on time and memory and no secrets.
"""
