"""Getting an installation ready: the environment, the model, the frontend, the settings."""
