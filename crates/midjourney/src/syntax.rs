//! A prompt's text as a tree that loses nothing: printed, it is the text again. It judges nothing.
//!
//! Text is what it is until the first parameter; behind one, everything up to the next is its value.
//! Braces hold alternatives, one job each (Midjourney's documentation of permutation prompts).

mod read;

use std::fmt;
use std::ops::Range;

/// Where something stands in the text, in bytes.
pub type Span = Range<usize>;

/// A whole prompt.
///
/// ```
/// use journeyman_midjourney::syntax::Syntax;
///
/// let syntax = Syntax::parse("a  {red, blue}::2 bird —ar 3:2");
/// assert_eq!(syntax.to_string(), "a  {red, blue}::2 bird —ar 3:2");
/// let (_, parameters) = syntax.split();
/// assert_eq!((parameters[0].name, parameters[0].value_text().as_str()), ("ar", "3:2"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Syntax {
    pieces: Vec<Piece>,
}

/// One piece of a prompt, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// Where, in bytes.
    pub span: Span,
    /// What.
    pub kind: Kind,
}

/// What a piece is. Each holds its text as it was typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// White space and control characters.
    Gap(String),
    /// Text without a gap; `\,`, `\{` and `\}` in it are a comma and braces that are text.
    Word(String),
    /// An address, in angle brackets or without.
    Link(String),
    /// `::`, with the number right behind it.
    Weight(String),
    /// A parameter's name with its dashes, at the beginning of a word.
    Name(String),
    /// `{a, b}`: the alternatives between the commas, gaps included.
    Permutation(Vec<Vec<Piece>>),
}

/// A parameter that was given, with all behind it up to the next one.
#[derive(Debug, Clone, Copy)]
pub struct Given<'a> {
    /// The name as typed, without dashes.
    pub name: &'a str,
    /// The piece with the name.
    pub piece: &'a Piece,
    /// What follows it, gaps included.
    pub value: &'a [Piece],
}

impl Syntax {
    /// Reads any text; there is no text that is not a prompt. Braces without their partner, or nested
    /// deeper than anyone writes them, are text.
    pub fn parse(text: &str) -> Self {
        Self { pieces: read::pieces(text) }
    }

    /// A prompt of these pieces; their spans are set anew.
    ///
    /// Printed and read again it is the same prompt when each piece reads as itself beside its
    /// neighbours: words and gaps that touch are one, and a number behind a weight belongs to it.
    pub fn of(mut pieces: Vec<Piece>) -> Self {
        place(&mut pieces, 0);
        Self { pieces }
    }

    /// The pieces, in order.
    pub fn pieces(&self) -> &[Piece] {
        &self.pieces
    }

    /// The text before the parameters, and the parameters.
    pub fn split(&self) -> (&[Piece], Vec<Given<'_>>) {
        split(&self.pieces)
    }
}

impl fmt::Display for Syntax {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.pieces.iter().try_for_each(|piece| piece.fmt(f))
    }
}

impl Piece {
    /// A piece that stands nowhere yet; [`Syntax::of`] sets where.
    pub fn new(kind: Kind) -> Self {
        Self { span: 0..0, kind }
    }

    /// Whether it is white space.
    pub fn is_gap(&self) -> bool {
        matches!(self.kind, Kind::Gap(_))
    }

    /// The alternatives of a permutation; none of anything else.
    pub fn alternatives(&self) -> &[Vec<Self>] {
        match &self.kind {
            Kind::Permutation(alternatives) => alternatives,
            Kind::Gap(_) | Kind::Word(_) | Kind::Link(_) | Kind::Weight(_) | Kind::Name(_) => &[],
        }
    }

    /// The number of a weight: 1 where none is typed, none for anything but a weight.
    pub fn weight(&self) -> Option<f64> {
        let Kind::Weight(text) = &self.kind else { return None };
        let number = text.trim_start_matches(':');
        if number.is_empty() { Some(1.0) } else { number.parse().ok() }
    }
}

impl fmt::Display for Piece {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            Kind::Gap(text) | Kind::Word(text) | Kind::Link(text) | Kind::Weight(text) | Kind::Name(text) => {
                f.write_str(text)
            }
            Kind::Permutation(alternatives) => {
                f.write_str("{")?;
                for (index, alternative) in alternatives.iter().enumerate() {
                    f.write_str(if index == 0 { "" } else { "," })?;
                    alternative.iter().try_for_each(|piece| piece.fmt(f))?;
                }
                f.write_str("}")
            }
        }
    }
}

impl Given<'_> {
    /// The value's text, without the gaps around it.
    pub fn value_text(&self) -> String {
        let text: String = self.value.iter().map(ToString::to_string).collect();
        text.trim_matches(is_gap).to_owned()
    }

    /// Where the value stands, without the gaps around it; none where there is no value.
    pub fn value_span(&self) -> Option<Span> {
        let solid = || self.value.iter().filter(|piece| !piece.is_gap());
        Some(solid().next()?.span.start..solid().next_back()?.span.end)
    }
}

/// The text before the parameters, and the parameters, of a prompt or of one alternative.
pub fn split(pieces: &[Piece]) -> (&[Piece], Vec<Given<'_>>) {
    let is_name = |piece: &Piece| matches!(piece.kind, Kind::Name(_));
    let first = pieces.iter().position(is_name).unwrap_or(pieces.len());
    let (body, mut rest) = pieces.split_at(first);
    let mut given = Vec::new();
    while let Some((piece, behind)) = rest.split_first() {
        let end = behind.iter().position(is_name).unwrap_or(behind.len());
        let (value, others) = behind.split_at(end);
        if let Kind::Name(name) = &piece.kind {
            given.push(Given { name: name.trim_start_matches(is_dash), piece, value });
        }
        rest = others;
    }
    (body, given)
}

/// White space, and control characters: Discord's prompt field cannot hold those.
pub(crate) fn is_gap(character: char) -> bool {
    character.is_whitespace() || character.is_control()
}

/// The hyphen, and what keyboards make of two of them.
pub(crate) fn is_dash(character: char) -> bool {
    matches!(character, '-' | '–' | '—')
}

/// Sets the spans from `at` on; returns the end.
fn place(pieces: &mut [Piece], at: usize) -> usize {
    let mut end = at;
    for piece in pieces {
        let start = end;
        end = match &mut piece.kind {
            Kind::Gap(text) | Kind::Word(text) | Kind::Link(text) | Kind::Weight(text) | Kind::Name(text) => {
                start + text.len()
            }
            // Each alternative has a brace or a comma before it, the last one a brace behind it.
            Kind::Permutation(alternatives) => {
                let inner = alternatives.iter_mut().fold(start, |end, pieces| place(pieces, end + 1));
                inner.max(start + 1) + 1
            }
        };
        piece.span = start..end;
    }
    end
}
