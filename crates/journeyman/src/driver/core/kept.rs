//! How much the core keeps, for tests: everything of it that could grow. It keeps nothing itself.

use super::Core;

/// How many of each.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::driver) struct Kept {
    pub(in crate::driver) jobs: usize,
    pub(in crate::driver) taken: usize,
    pub(in crate::driver) over: usize,
    pub(in crate::driver) withdrawn: usize,
    pub(in crate::driver) gone: usize,
    pub(in crate::driver) outputs: usize,
}

impl Kept {
    /// The larger of each.
    pub(in crate::driver) fn max_of(&self, other: &Self) -> Self {
        Self {
            jobs: self.jobs.max(other.jobs),
            taken: self.taken.max(other.taken),
            over: self.over.max(other.over),
            withdrawn: self.withdrawn.max(other.withdrawn),
            gone: self.gone.max(other.gone),
            outputs: self.outputs.max(other.outputs),
        }
    }
}

impl Core {
    pub(in crate::driver) fn kept(&self) -> Kept {
        Kept {
            jobs: self.jobs.len(),
            taken: self.taken.len(),
            over: self.over.len(),
            withdrawn: self.withdrawn.len(),
            gone: self.gone.len(),
            outputs: self.outputs.len(),
        }
    }
}
