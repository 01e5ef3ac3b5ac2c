//! What paths are made of, and that none leaves its folder. The names themselves are tested beside `safe`.

use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::prelude::*;

use super::super::place::Place;
use super::super::plan::jobs_of;
use super::*;

fn item(name: &str, prompt: &str) -> Item {
    Item {
        number: 7,
        place: Place::file("b"),
        prompt: prompt.to_owned(),
        images: Vec::new(),
        name: name.to_owned(),
        priority: 0,
        variables: BTreeMap::from([("style".to_owned(), "oil/../ink".to_owned())]),
        steps: Arc::new([]),
        key: "k".to_owned(),
    }
}

fn variables() -> BTreeSet<String> {
    BTreeSet::from(["style".to_owned()])
}

fn path(template: &str, batch: &str, item: &Item, n: u64) -> String {
    let job = &jobs_of(item)[0];
    let output = Output::parse(template, &variables()).unwrap();
    output.path(&Values { batch, item, job, number: 42, n, ext: "png" })
}

#[test]
fn the_output_template_has_every_field() {
    let fox = item("Red Fox", "a fox, asleep --ar 3:2");
    for (template, expected) in [
        (DEFAULT, "my batch/0007-a-fox-asleep/imagine-1.png"),
        ("{batch}/{index:04}-{slug}/{action}-{n}.png", "my batch/0007-a-fox-asleep/imagine-1.png"),
        ("{name}-{job:06}-{index}-{n:02}.{ext}", "Red Fox-000042-7-01.png"),
        ("{style}/{{{n}}}.png", "oil-..-ink/{1}.png"),
    ] {
        assert_eq!(path(template, "my batch", &fox, 1), expected, "{template}");
    }
    assert_eq!(path("{name}.png", "b", &item("", "a cat --v 7"), 1), "a-cat.png");
    assert_eq!(path("{batch}/{name}/{n}.png", "..", &item("nul", "x"), 1), "_/_nul/1.png");
}

#[test]
fn an_unknown_field_is_an_error_at_once_with_a_suggestion() {
    let wrong = Output::parse("{indx}.png", &variables()).unwrap_err();
    assert_eq!(wrong.message, "`{indx}` is no field of a path");
    assert!(wrong.hint.starts_with("did you mean {index}? the fields are batch, index"), "{}", wrong.hint);
    assert!(wrong.hint.ends_with("style"), "{}", wrong.hint);
    for (template, told) in [
        ("{slug:04}.png", "is no number"),
        ("{index:4}.png", "a width that is none"),
        ("{index:0}.png", "a width that is none"),
        ("{index:099}.png", "a width that is none"),
        ("a}.png", "a brace alone"),
        ("{index", "a brace alone"),
    ] {
        let wrong = Output::parse(template, &variables()).unwrap_err();
        assert!(wrong.message.contains(told), "{template}: {wrong:?}");
    }
}

#[test]
fn a_template_that_leaves_the_folder_is_refused() {
    for template in [
        "../{n}.png",
        "/tmp/{n}.png",
        "a/../{n}.png",
        "./{n}.png",
        "~/{n}.png",
        "C:/{n}.png",
        "a\\{n}.png",
        "a//{n}.png",
        "{n}/",
        "",
        "nul/{n}.png",
        "a./{n}.png",
        "a\n{n}.png",
        "1/2/3/4/5/6/7/8/{n}.png",
    ] {
        assert!(Output::parse(template, &variables()).is_err(), "{template}");
    }
}

#[test]
fn two_files_of_the_same_path_get_numbers_in_a_stable_order() {
    let mut taken = Taken::default();
    let given: Vec<_> = ["a/x.png", "a/x.png", "a/X.PNG", "a/x-2.png", "a/x.png", "x"]
        .iter()
        .map(|path| taken.take(path))
        .collect();
    assert_eq!(given, ["a/x.png", "a/x-2.png", "a/X-3.PNG", "a/x-2-2.png", "a/x-4.png", "x"]);
}

#[test]
fn ten_thousand_equal_paths_are_told_apart_without_trying_each_against_each() {
    let mut taken = Taken::default();
    let given: BTreeSet<_> = (0..10_000).map(|_| taken.take("x.png")).collect();
    assert_eq!((given.len(), given.contains("x-10000.png")), (10_000, true));
}

/// Templates of pieces that are fields, texts and separators, most of them understood.
fn template() -> impl Strategy<Value = String> {
    let field = prop::sample::select(vec![
        "{batch}",
        "{index:04}",
        "{name}",
        "{slug}",
        "{n}",
        "{style}",
        "{ext}",
        "{{",
        "}}",
    ]);
    let piece = prop_oneof![4 => field.prop_map(str::to_owned), 2 => Just("/".to_owned()), 2 => "[a-z.]{1,3}", 1 => "\\PC{0,3}"];
    prop::collection::vec(piece, 1..10).prop_map(|pieces| pieces.concat())
}

fn is_within(path: &str) -> bool {
    path.split('/').all(|part| {
        let is_plain = !part.contains(['\\', ':', '\0']) && !part.ends_with(['.', ' ']);
        !part.is_empty() && !part.starts_with(['.', '-']) && is_plain && part.len() <= safe::LONGEST
    })
}

proptest! {
    #[test]
    fn no_path_leaves_the_folder_whatever_is_put_in(
        template in template(), batch in any::<String>(), name in "(\\.|/|\\\\|\\PC|[a-z \\x00]){0,200}", prompt in any::<String>(), n in any::<u64>(),
    ) {
        if let Ok(output) = Output::parse(&template, &variables()) {
            let item = item(&name, &prompt);
            let job = &jobs_of(&item)[0];
            let path = output.path(&Values { batch: &batch, item: &item, job, number: n, n, ext: &name });
            prop_assert!(is_within(&path), "{template}: {path:?}");
            let depth = path.matches('/').count();
            let mut taken = Taken::default();
            prop_assert_eq!(&taken.take(&path), &path);
            let second = taken.take(&path);
            prop_assert!(is_within(&second) && second != path && second.matches('/').count() == depth, "{second:?}");
        }
    }

    #[test]
    fn parse_and_print_are_inverse(template in template()) {
        if let Ok(output) = Output::parse(&template, &variables()) {
            prop_assert_eq!(Output::parse(&output.to_string(), &variables()), Ok(output.clone()));
            prop_assert_eq!(output.to_string(), template);
        }
    }
}
