//! The kinds of findings, by name. What makes one is the checks' subject.

/// Whether the bot is known to refuse it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Known to be refused, or never taken by Discord.
    Error,
    /// May be refused, ignored, or mean something else than was meant.
    Warning,
}

impl Severity {
    /// The word for it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

macro_rules! codes {
    ($($(#[doc = $doc:literal])+ $code:ident = $name:literal,)+) => {
        /// What is wrong, for programs.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Code { $($(#[doc = $doc])+ $code,)+ }

        impl Code {
            /// Every code.
            pub const ALL: &[Self] = &[$(Self::$code,)+];

            /// Its name, which stays.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$code => $name,)+ }
            }
        }
    };
}

codes! {
    /// Nothing to see in it.
    Empty = "empty",
    /// Longer than Discord's option takes.
    TooLong = "too-long",
    /// Neither text nor image before the parameters.
    NoText = "no-text",
    /// Several spaces, a line break or a control character.
    Spaces = "spaces",
    /// A long dash before a parameter's name.
    Dash = "dash",
    /// Curly quotes.
    Quotes = "quotes",
    /// A name that is no parameter's.
    UnknownParameter = "unknown-parameter",
    /// A parameter and its value without a space between, as `--v5`.
    MissingSpace = "missing-space",
    /// A parameter's name with too few hyphens, with a space behind them, or inside of a word.
    NotAParameter = "not-a-parameter",
    /// Text behind a parameter that does not take it.
    TextAfterParameter = "text-after-parameter",
    /// A parameter without the value it needs.
    MissingValue = "missing-value",
    /// A value of the wrong kind.
    MalformedValue = "malformed-value",
    /// A value outside of its range.
    OutOfRange = "out-of-range",
    /// More links than the parameter takes.
    TooManyImages = "too-many-images",
    /// A parameter that the version does not have.
    NotInVersion = "not-in-version",
    /// A version that is not known here.
    UnknownVersion = "unknown-version",
    /// The same parameter twice.
    Duplicate = "duplicate",
    /// Two versions or two speeds.
    Contradiction = "contradiction",
    /// Weights in a version that has none, or with fractions where only whole ones are.
    WeightsInVersion = "weights-in-version",
    /// Weights that add up to nothing or less.
    WeightSum = "weight-sum",
    /// A brace without its partner.
    Brace = "brace",
    /// Several jobs in relax mode.
    BatchInRelax = "batch-in-relax",
    /// More jobs than a plan takes.
    ManyJobs = "many-jobs",
    /// A link to Discord's files that is no longer valid.
    ExpiredLink = "expired-link",
    /// A link to Discord's files without a signature.
    UnsignedLink = "unsigned-link",
    /// A link that is no image's by its name.
    NoImageLink = "no-image-link",
    /// An image behind the text.
    ImageAfterText = "image-after-text",
    /// One image without text.
    ImageAlone = "image-alone",
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_code_has_a_name_of_its_own() {
        let names: std::collections::BTreeSet<_> = Code::ALL.iter().map(|code| code.name()).collect();
        assert_eq!(names.len(), Code::ALL.len());
    }
}
