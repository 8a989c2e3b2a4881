"""What pages show, and the event handlers they can call, each checked by the guard."""

from llm_ui.reflex_internals import name_states_by_class

name_states_by_class()
