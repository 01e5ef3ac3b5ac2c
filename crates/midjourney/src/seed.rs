//! The answer with a job's seed. It is plain text, and no caption.

use crate::job_id;

/// A job and its seed (trueai/midjourney-proxy's listener).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SeedNote {
    pub(crate) prompt: String,
    pub(crate) job_id: String,
    pub(crate) seed: u64,
}

impl SeedNote {
    /// Reads `**prompt**`, `**Job ID**: uuid`, `**seed** number` on three lines.
    pub(crate) fn parse(content: &str) -> Option<Self> {
        let (prompt, rest) = content.rsplit_once("\n**Job ID**")?;
        let (job, seed) = rest.split_once("**seed**")?;
        Some(Self {
            prompt: prompt.trim().trim_start_matches("**").trim_end_matches("**").to_owned(),
            job_id: job_id::last_in(job)?,
            seed: seed.trim_start_matches([':', ' ']).trim_end().parse().ok()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_needs_its_job() {
        let note = "**girl**\n**Job ID**: 6243686b-7ab1-4174-a9fe-527cca66a829\n**seed** 1259687673";
        let read = SeedNote::parse(note).unwrap();
        assert_eq!((read.prompt.as_str(), read.seed), ("girl", 1_259_687_673));
        assert_eq!(SeedNote::parse("**girl**\n**Job ID**: none\n**seed** 1"), None);
        assert_eq!(SeedNote::parse("**seed** 1"), None);
    }
}
