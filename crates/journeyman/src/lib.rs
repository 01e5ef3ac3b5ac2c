//! Makes images with Midjourney through Discord: the library people add.
