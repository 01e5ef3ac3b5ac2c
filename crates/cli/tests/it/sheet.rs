//! Contact sheets from outside: the page, the thumbnails, the summary.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use crate::harness::{Place, Ran};

/// A manifest with one finished step for each path, and one that failed.
fn manifest(paths: &[String]) -> String {
    let mut text = format!(
        "{{\"journeyman_manifest\":1,\"batch\":\"foxes\",\"folder\":\"images\",\"items\":{0},\"steps\":{0}}}\n",
        paths.len() + 1
    );
    for (index, path) in paths.iter().enumerate() {
        let _ = writeln!(
            text,
            "{{\"item\":{},\"prompt\":\"a <b>fox</b>\",\"step\":\"imagine\",\"key\":\"k{index}\",\"state\":\"finished\",\
             \"files\":[{{\"path\":\"{path}\",\"sha256\":\"{index:064x}\",\"bytes\":1000000}}],\
             \"spent\":{{\"certainty\":\"certain\",\"milliminutes\":1000}}}}",
            index + 1
        );
    }
    text + &format!(
        "{{\"item\":{},\"prompt\":\"a cat\",\"step\":\"imagine\",\"key\":\"k\",\"state\":\"failed\",\
         \"error\":{{\"kind\":\"JobFailed\",\"text\":\"it crashed\",\"hint\":\"try again\"}}}}\n",
        paths.len() + 1
    )
}

fn draw(path: &Path) {
    fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
    image::RgbImage::from_pixel(8, 8, image::Rgb([200, 30, 30])).save(path).expect("a picture");
}

fn sheet(place: &Place, args: &[&str]) -> Ran {
    let ran = place.run(&[&["sheet"], args].concat());
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    ran
}

#[test]
fn an_html_contact_sheet_and_a_summary_come_from_a_manifest() {
    let mut place = Place::bare();
    let paths = ["fox.png", "gone.png", "film.mp4", "../secret.png"].map(str::to_owned);
    place.write("out/foxes.jsonl", &manifest(&paths));
    draw(&place.path("out/images/fox.png"));
    draw(&place.path("out/secret.png"));
    place.write("out/images/film.mp4", "a film");
    let ran = sheet(&place, &["out/foxes.jsonl"]);
    for told in [
        "foxes: 4 of 5 items complete; 5 steps: 4 finished, 1 failed\n",
        "  4 files, 4.0 MB; 4 charged (certain); 4.0 GPU minutes as far as known\n",
        "  JobFailed: 1 step of item 5\n    hint: try again\n",
        "the contact sheet is out/foxes.html\n",
    ] {
        assert!(ran.stdout.contains(told), "{told}: {}", ran.stdout);
    }
    let page = fs::read_to_string(place.path("out/foxes.html")).expect("a page");
    for part in [
        "<a href=\"./images/fox.png\" title=\"fox.png\"><img loading=\"lazy\" src=\"data:image/jpeg;base64,",
        "not there: gone.png",
        "<a class=\"plain\" href=\"./images/film.mp4\">film.mp4</a>",
        "not there: ../secret.png",
        "a &lt;b&gt;fox&lt;/b&gt;",
        "<b>JobFailed</b> it crashed",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
    assert_eq!(place.files_in("out").len(), 5, "one page and nothing beside it");
    sheet(&place, &["out/foxes.jsonl", "--out", "again.html"]);
    let moved = fs::read_to_string(place.path("again.html")).expect("a page");
    assert!(moved.contains("<a href=\"./out/images/fox.png\""), "{moved}");
}

#[test]
fn many_thumbnails_go_into_a_folder_beside_the_page() {
    let mut place = Place::bare();
    let paths: Vec<_> = (1..=301).map(|number| format!("{number}.png")).collect();
    place.write("foxes.jsonl", &manifest(&paths));
    for path in &paths {
        draw(&place.path(&format!("images/{path}")));
    }
    let ran = sheet(&place, &["foxes.jsonl", "--json"]);
    let told = ran.last();
    assert_eq!((told["event"].as_str(), told["states"]["finished"].as_u64()), (Some("summary"), Some(301)));
    assert_eq!(
        (told["sheet"].as_str(), told["errors"][0]["items"][0].as_u64()),
        (Some("foxes.html"), Some(302))
    );
    assert_eq!(place.files_in("foxes.thumbnails").len(), 301);
    let page = fs::read_to_string(place.path("foxes.html")).expect("a page");
    let last = place.path(&format!("foxes.thumbnails/{:064x}.jpg", 300));
    assert!(
        page.contains(&format!("src=\"./foxes.thumbnails/{:064x}.jpg\"", 300)) && !page.contains("data:")
    );
    fs::write(&last, "kept").expect("a file");
    sheet(&place, &["foxes.jsonl"]);
    assert_eq!(fs::read(&last).expect("a file"), b"kept", "what has the same bytes is not made again");
    assert_eq!(fs::read_to_string(place.path("foxes.html")).expect("a page"), page, "the same each time");
}

#[test]
fn what_is_no_manifest_is_a_usage_error() {
    let mut place = Place::bare();
    place.write("a.csv", "prompt\na fox\n");
    for file in ["a.csv", "none.jsonl"] {
        let ran = place.run(&["sheet", file]);
        assert_eq!(ran.code, Some(2), "{file}");
        ran.says(&[file, "hint: "]);
    }
}
