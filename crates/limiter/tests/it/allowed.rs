//! How many 429s each scenario allows, and why any: the one table for all of them. It looks at no time.
//!
//! A count is of what nobody could know who sees answers only; the oracle, who knows more, has none at all.

use crate::scenarios::seeds;
use crate::trial::Contender;
use crate::trial::scenario::{Scenario, all};
use crate::trial::score::Score;

/// The beginning of a scenario's name; 429s of buckets, of the global limit, shared, hidden, by the edge; why.
type Row = (&'static str, [u64; 5], &'static str);

/// Whatever is not here allows none.
const TABLE: &[Row] = &[
    ("S8 ", [0, 0, 0, 1, 0], "only a 429 shows the limit"),
    ("S9 ", [0, 0, 0, 1, 0], "that a name may be given twice shows in the third"),
    ("S10 ", [0, 0, 1, 0, 0], "others have used the resource up"),
    ("S11 global 50 to 25", [0, 25, 0, 0, 0], "fifty had left for where there was room for half of them"),
    ("S12 ", [2, 0, 0, 0, 0], "five had left for where there was room for three"),
    (
        "S14 ",
        [0, 0, 0, 0, 13],
        "one of each of ten buckets was on its way when the ban began, and three probes asked when it ends",
    ),
    (
        "S22 ",
        [0, 0, 0, 3, 0],
        "one finds out that the channel has a limit, and those of the other two webhooks that were on their way",
    ),
    (
        "S24 a restart, state kept",
        [0, 0, 0, 1, 0],
        "the first process finds out that the webhook has a limit",
    ),
    (
        "S24 a restart, state lost",
        [5, 0, 0, 3, 0],
        "each of five buckets may be used up when the new process asks first; the hidden limit is found out again, \
         with nothing accepted before it, so that its size takes another 429",
    ),
];

/// A run may meet what the table allows its scenario, and nothing else.
pub(crate) fn judge(scenario: &Scenario, seed: u64, score: &Score) {
    let row = TABLE.iter().find(|(name, ..)| scenario.name.starts_with(name));
    let (most, why) = row.map_or(([0; 5], "everything is known in time"), |(_, most, why)| (*most, *why));
    let counts = [score.user, score.global, score.shared, score.hidden, score.edge];
    assert!(
        counts.iter().zip(most).all(|(count, most)| *count <= most),
        "{}, seed {seed}: {counts:?} 429s (user, global, shared, hidden, edge), {most:?} are allowed: {why}",
        scenario.name
    );
}

#[test]
fn no_user_and_no_global_429_wherever_the_information_suffices() {
    // The large ones are judged where their time is.
    for scenario in all().iter().filter(|scenario| scenario.calls.len() <= 1_000) {
        for seed in seeds(1) {
            judge(scenario, seed, &Contender::Journeyman.run(scenario, seed));
        }
    }
}

/// None of what is met is met for want of room: who knows everything meets nothing.
#[test]
fn the_oracle_says_that_every_429_was_avoidable_by_who_knows_all() {
    for scenario in all().iter().filter(|scenario| scenario.calls.len() <= 1_000) {
        let oracle = Contender::Oracle.run(scenario, 1);
        assert_eq!((oracle.limited(), oracle.refused), (0, 0), "{}", scenario.name);
    }
}

#[test]
fn every_row_of_the_table_is_of_a_scenario() {
    let scenarios = all();
    for (name, ..) in TABLE {
        assert!(scenarios.iter().any(|scenario| scenario.name.starts_with(name)), "{name:?}");
    }
}
