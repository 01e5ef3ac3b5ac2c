//! Whose certificates the upstream's may be signed with, besides the system's. It connects to nothing.

use std::path::{Path, PathBuf};

use thiserror::Error;

/// Further roots of trust, in DER: none, unless an operator names some.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trust {
    /// The certificates.
    pub roots: Vec<Vec<u8>>,
}

/// A file of certificates that cannot be used.
#[derive(Debug, Error)]
#[error("read the certificates in {}: {why}; give a PEM file with CERTIFICATE blocks", path.display())]
pub struct TrustError {
    /// Which file.
    pub path: PathBuf,
    /// What is wrong with it.
    pub why: String,
}

impl Trust {
    /// The certificates in a PEM file.
    ///
    /// # Errors
    /// If it cannot be read or holds no certificate.
    pub fn of_file(path: &Path) -> Result<Self, TrustError> {
        let error = |why: String| TrustError { path: path.to_owned(), why };
        let text = std::fs::read(path).map_err(|why| error(why.to_string()))?;
        let roots = crate::forward::certificates(&text).map_err(error)?;
        if roots.is_empty() {
            return Err(error("it holds no certificate".to_owned()));
        }
        Ok(Self { roots })
    }
}
