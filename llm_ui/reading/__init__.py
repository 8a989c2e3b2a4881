"""Reading files: detecting the type by content, the size of images, the text of documents.

Files come from outside and may be hostile. `kinds` inspects a bounded part of a file and may run in
the server; documents are only opened in a separate process (`python -m llm_ui.reading`) with limits
on time and memory and without secrets.
"""
