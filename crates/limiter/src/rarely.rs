//! A value that nearly always is as it begins. It takes no memory of its own until it changes.

use std::fmt;
use std::ops::{Deref, DerefMut};

/// What a value is that nobody has touched.
pub(crate) trait Blank: Default + 'static {
    const BLANK: &'static Self;
}

impl<T: 'static> Blank for Vec<T> {
    const BLANK: &'static Self = &Self::new();
}

/// Eight bytes until somebody asks for the value to change it.
pub(crate) struct Rarely<T>(Option<Box<T>>);

impl<T> Default for Rarely<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T: Blank> Deref for Rarely<T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.0.as_deref().unwrap_or(T::BLANK)
    }
}

impl<T: Blank> DerefMut for Rarely<T> {
    fn deref_mut(&mut self) -> &mut T {
        self.0.get_or_insert_default()
    }
}

impl<T: Blank + Clone> Clone for Rarely<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T: Blank + fmt::Debug> fmt::Debug for Rarely<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        T::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_takes_memory_only_once_it_is_changed() {
        let mut numbers = Rarely::<Vec<u32>>::default();
        assert!(numbers.is_empty() && numbers.0.is_none());
        numbers.push(7);
        assert_eq!(*numbers, [7]);
        assert_eq!(size_of_val(&numbers), 8);
    }
}
