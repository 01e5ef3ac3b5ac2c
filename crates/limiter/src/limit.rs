//! The kinds of limits, each a small counter. They know no routes and no requests.

mod blocked;
mod pace;
mod server_fed;
mod shape;
mod slots;
mod usual;
mod window_kind;

pub(crate) use blocked::Blocked;
pub(crate) use pace::Pace;
pub(crate) use server_fed::{Calm, Seat, ServerFed};
pub(crate) use shape::Shape;
pub(crate) use slots::{Room, Slots};
pub(crate) use usual::{usual_window, usual_windows};
pub(crate) use window_kind::Recognition;
pub use window_kind::WindowKind;
