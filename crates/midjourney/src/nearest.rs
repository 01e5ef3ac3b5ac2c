//! The known word that an unknown one was probably meant to be. It knows no words itself.

/// The nearest of the known words, if one is near enough to be a slip.
pub fn nearest<'a>(word: &str, known: &[&'a str]) -> Option<&'a str> {
    let near = known.iter().map(|other| (distance(word, other), *other)).min()?;
    let slips = (word.chars().count() / 3).max(1);
    (near.0 <= slips).then_some(near.1)
}

/// How many letters must be put in, left out or changed.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, in_a) in a.chars().enumerate() {
        let mut next = vec![i + 1];
        for (j, in_b) in b.iter().enumerate() {
            let changed = row.get(j).copied().unwrap_or(usize::MAX) + usize::from(in_a != *in_b);
            let left_out = row.get(j + 1).copied().unwrap_or(usize::MAX) + 1;
            let put_in = next.last().copied().unwrap_or(usize::MAX) + 1;
            next.push(changed.min(left_out).min(put_in));
        }
        row = next;
    }
    row.last().copied().unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_has_a_neighbour_and_nonsense_has_none() {
        let known = ["channel", "guild", "token_file"];
        assert_eq!(nearest("chanel", &known), Some("channel"));
        assert_eq!(nearest("tokenfile", &known), Some("token_file"));
        assert_eq!(nearest("colour", &known), None);
        assert_eq!(nearest("", &known), None);
    }
}
