//! A fake Discord with the Midjourney bot on top, so that everything runs and is tested offline.
