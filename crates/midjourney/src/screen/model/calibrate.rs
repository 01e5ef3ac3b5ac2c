//! From a score to a probability: a logistic curve through past scores and ends (Platt 1999). It knows no terms.

/// The curve: probability = 1 / (1 + exp(-(slope · score + offset))).
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Calibration {
    slope: f64,
    offset: f64,
}

/// Newton's steps; the fit is convex and converges in fewer.
const STEPS: usize = 50;
/// Keeps the steps bounded where all scores are alike, and the slope finite where they separate the ends.
const RIDGE: f64 = 1e-3;

impl Calibration {
    /// The curve that fits these scores, each with whether it ended in a refusal.
    pub(super) fn of(scored: &[(f64, bool)]) -> Self {
        let count = |end: bool| -> f64 {
            scored.iter().filter(|(_, refused)| *refused == end).fold(0.0, |sum, _| sum + 1.0)
        };
        let (refused, accepted) = (count(true), count(false));
        // Platt's targets: one more prompt of each end than was seen, so that nothing is certain.
        let target = |end: bool| if end { (refused + 1.0) / (refused + 2.0) } else { 1.0 / (accepted + 2.0) };
        let mut curve = Self { slope: 1.0, offset: ((refused + 1.0) / (accepted + 1.0)).ln() };
        for _ in 0..STEPS {
            curve.step(scored, target);
        }
        // A higher score never means less danger.
        Self { slope: curve.slope.max(0.0), ..curve }
    }

    pub(super) fn probability(self, score: f64) -> f64 {
        1.0 / (1.0 + (-(self.slope * score + self.offset)).exp())
    }

    /// One of Newton's steps, at most 1 in each direction.
    fn step(&mut self, scored: &[(f64, bool)], target: impl Fn(bool) -> f64) {
        let (mut by_slope, mut by_offset) = (-RIDGE * (self.slope - 1.0), 0.0);
        let (mut slopes, mut both, mut offsets) = (RIDGE, 0.0, RIDGE);
        for (score, refused) in scored {
            let probability = self.probability(*score);
            let miss = target(*refused) - probability;
            let spread = probability * (1.0 - probability);
            by_slope += miss * score;
            by_offset += miss;
            slopes += spread * score * score;
            both += spread * score;
            offsets += spread;
        }
        let determinant = slopes * offsets - both * both;
        if determinant > f64::EPSILON {
            self.slope += ((by_slope * offsets - by_offset * both) / determinant).clamp(-1.0, 1.0);
            self.offset += ((by_offset * slopes - by_slope * both) / determinant).clamp(-1.0, 1.0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_prompts_with_a_score_the_probability_is_the_share_that_was_refused() {
        // 80 of 100 refused at one score, 10 of 100 at another.
        let group = |score: f64, refused: usize| (0..100).map(move |index| (score, index < refused));
        let scored: Vec<_> = group(2.0, 80).chain(group(-2.0, 10)).collect();
        let curve = Calibration::of(&scored);
        assert!((curve.probability(2.0) - 0.8).abs() < 0.03, "{curve:?}");
        assert!((curve.probability(-2.0) - 0.1).abs() < 0.03, "{curve:?}");
    }

    #[test]
    fn nothing_is_certain_and_nothing_is_no_number() {
        for scored in [vec![], vec![(0.0, true); 30], vec![(5.0, true), (-5.0, false)]] {
            let curve = Calibration::of(&scored);
            let probability = curve.probability(5.0);
            assert!(probability > 0.0 && probability < 1.0, "{curve:?}");
        }
    }
}
