//! What Ctrl-C did to a recipe: an error only where something of it was not done. It stops nothing itself.

use journeyman::ErrorKind;

use crate::error::Error;

/// What was left undone.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stop {
    /// Jobs that waited, and those that would have followed.
    pub(super) not_begun: usize,
    /// Jobs that are no longer watched.
    pub(super) cut_off: usize,
}

impl Stop {
    /// The error of a recipe: that of the stop goes before that of the job that failed first.
    pub(super) fn first(stop: Option<Self>, first: Option<Error>) -> Option<Error> {
        stop.and_then(Self::error).or(first)
    }

    fn error(self) -> Option<Error> {
        let Self { not_begun, cut_off } = self;
        if self == Self::default() {
            return None;
        }
        let what = format!("stop the recipe: jobs not begun: {not_begun}, no longer watched: {cut_off}");
        let error = journeyman::Error::new(ErrorKind::Cancelled, what);
        Some(error.with_hint("jobs that had begun go on at Midjourney and may be charged").into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stop_that_left_nothing_undone_is_no_error_and_any_other_goes_first() {
        let failed = || Some(Error::from(journeyman::Error::new(ErrorKind::QueueFull, "the queue is full")));
        let code =
            |stop: Option<Stop>, first: Option<Error>| Stop::first(stop, first).map(|error| error.code());
        let all_done = Some(Stop::default());
        assert_eq!(code(None, None), None);
        assert_eq!(code(all_done, None), None);
        assert_eq!(code(all_done, failed()), Some(14));
        for undone in [Stop { not_begun: 1, cut_off: 0 }, Stop { not_begun: 0, cut_off: 1 }] {
            assert_eq!(code(Some(undone), None), Some(130));
            assert_eq!(code(Some(undone), failed()), Some(130));
        }
    }
}
