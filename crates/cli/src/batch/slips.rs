//! What is allowed in a batch and is probably a slip. It refuses nothing.

use std::collections::{BTreeMap, BTreeSet};

use journeyman_midjourney::nearest::nearest;

use super::expand::Item;
use super::place::{Place, Problem};
use super::row::COLUMNS;

/// Columns that no prompt names and whose header is nearly one that means something, and rows of the same name.
///
/// `used` are the variables that are named anywhere.
pub(super) fn slips(file: &Place, items: &[Item], used: &BTreeSet<String>) -> Vec<Problem> {
    columns(file, items, used).into_iter().chain(names(items)).collect()
}

fn columns(file: &Place, items: &[Item], used: &BTreeSet<String>) -> Vec<Problem> {
    let all: BTreeSet<&String> = items.iter().flat_map(|item| item.variables.keys()).collect();
    let unused = all.into_iter().filter(|name| !used.contains(*name));
    let slip = |name: &String| {
        let near = nearest(&name.to_lowercase(), &COLUMNS)?;
        let hint = format!("rename it to `{near}`, or write {{{{{name}}}}} in a prompt");
        Some(file.problem("no prompt names this column", hint).in_column(name))
    };
    unused.filter_map(slip).collect()
}

/// The first row of each name that another row has already.
fn names(items: &[Item]) -> Vec<Problem> {
    let mut first: BTreeMap<&str, &Place> = BTreeMap::new();
    let mut told: BTreeSet<&str> = BTreeSet::new();
    let mut slips = Vec::new();
    for item in items.iter().filter(|item| !item.name.is_empty()) {
        let before = *first.entry(&item.name).or_insert(&item.place);
        if *before != item.place && told.insert(&item.name) {
            let line = before.line.map_or_else(String::new, |line| format!(" of line {line}"));
            let message = format!("`{}` is the name{line} too", item.name);
            let hint = "files of the same path get numbers; give another name to tell them apart";
            slips.push(item.place.problem(message, hint).in_column("name"));
        }
    }
    slips
}

#[cfg(test)]
mod tests {
    use super::super::expand::tests::expand;
    use super::*;

    fn told(text: &str, set: &[&str], used: &[&str]) -> Vec<String> {
        let (items, problems) = expand(text, set, &[], 100);
        assert_eq!(problems, [""; 0]);
        let used = used.iter().map(|&name| name.to_owned()).collect();
        slips(&Place::file("b"), &items, &used).iter().map(|slip| format!("{slip} ({})", slip.hint)).collect()
    }

    #[test]
    fn a_column_that_is_nearly_a_known_one_is_told() {
        let slips = told("prompt,Image,notes,priorty\n{{priorty}},a.png,x,1\n", &[], &["priorty"]);
        let expected = "b, column Image: no prompt names this column (rename it to `images`, or write {{Image}} in a prompt)";
        assert_eq!(slips, [expected]);
    }

    #[test]
    fn duplicate_names_are_told_once_and_not_within_one_rows_matrix() {
        let slips = told("prompt,name\na,x\nb,y\nc,x\nd,x\n", &[], &[]);
        assert!(
            slips.len() == 1 && slips[0].starts_with("b, line 4, column name: `x` is the name of line 2 too"),
            "{slips:?}"
        );
        assert_eq!(told("prompt,name\n{{s}},x\n", &["s=1,2"], &["s"]), [""; 0]);
    }
}
