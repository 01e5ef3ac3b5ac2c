//! The invariants of ARCHITECTURE.md, checked. What clippy and the compiler already see is left to them.

mod manners;
mod merge;
mod placement;
mod readme;
mod tree;

use crate::findings::Findings;
use crate::source;

/// Checks every invariant, and goes on after the first that is broken.
pub(crate) fn check(findings: &mut Findings) {
    tree::check(findings);
    readme::check(findings);
    merge::check(findings);
    match source::all() {
        Ok(sources) => {
            for source in &sources {
                findings.look();
                placement::check(source, findings);
                manners::check(source, findings);
            }
        }
        Err(why) => findings.wrong(format_args!("read the sources: {why}")),
    }
}
