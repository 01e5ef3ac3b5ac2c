//! What does it mean? Prompts, commands, and what the bot answers.
