//! A list whose places are used again. It is no map: a place is only a number.

use std::ops::{Index, IndexMut};

/// Values by place; a free place is taken by the next value.
#[derive(Clone, Debug)]
pub(crate) struct Slab<T> {
    places: Vec<Option<T>>,
    free: Vec<u32>,
    /// Where the last sweep stopped.
    cursor: usize,
}

impl<T> Default for Slab<T> {
    fn default() -> Self {
        Self { places: Vec::new(), free: Vec::new(), cursor: 0 }
    }
}

impl<T> Slab<T> {
    pub(crate) fn insert(&mut self, value: T) -> u32 {
        if let Some(place) = self.free.pop() {
            self.places[place as usize] = Some(value);
            return place;
        }
        self.places.push(Some(value));
        u32::try_from(self.places.len() - 1).expect("fewer than four billion values")
    }

    pub(crate) fn remove(&mut self, place: u32) -> Option<T> {
        let value = self.places.get_mut(place as usize)?.take()?;
        self.free.push(place);
        Some(value)
    }

    pub(crate) fn get(&self, place: u32) -> Option<&T> {
        self.places.get(place as usize)?.as_ref()
    }

    pub(crate) fn get_mut(&mut self, place: u32) -> Option<&mut T> {
        self.places.get_mut(place as usize)?.as_mut()
    }

    pub(crate) fn len(&self) -> usize {
        self.places.len() - self.free.len()
    }

    /// The values in the order of their places.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (u32, &T)> {
        (0_u32..).zip(&self.places).filter_map(|(place, value)| Some((place, value.as_ref()?)))
    }

    /// The next place of an endless round over all of them.
    pub(crate) fn next_of_round(&mut self) -> Option<u32> {
        self.cursor = if self.cursor + 1 < self.places.len() { self.cursor + 1 } else { 0 };
        let place = u32::try_from(self.cursor).ok()?;
        self.get(place).map(|_| place)
    }
}

impl<T> Index<u32> for Slab<T> {
    type Output = T;

    fn index(&self, place: u32) -> &T {
        self.get(place).expect("the place is taken as long as something refers to it")
    }
}

impl<T> IndexMut<u32> for Slab<T> {
    fn index_mut(&mut self, place: u32) -> &mut T {
        self.get_mut(place).expect("the place is taken as long as something refers to it")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_used_again_and_the_round_meets_every_value() {
        let mut slab = Slab::default();
        let places: Vec<u32> = (0..4).map(|value| slab.insert(value)).collect();
        assert_eq!(slab.remove(places[1]), Some(1));
        assert_eq!(slab.remove(places[1]), None);
        assert_eq!(slab.insert(9), places[1]);
        let mut met: Vec<u32> = (0..4).filter_map(|_| slab.next_of_round()).collect();
        met.sort_unstable();
        assert_eq!(met, places);
        assert_eq!(slab.len(), 4);
    }
}
