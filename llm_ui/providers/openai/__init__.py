"""OpenAI's chat completions, and whoever speaks like it: llama.cpp's server, vLLM,
LM Studio, OpenRouter, and most of the rest."""
