//! A batch as a contact sheet: one page of HTML that needs nothing from elsewhere. It reads and writes no file.
//!
//! The page has no script, and says so to the browser; what is shown is chosen by style alone.

mod html;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::manifest::{FileRecord, Manifest, STATES, StepRecord};
use super::summary::Summary;
pub(crate) use html::address;
use html::escaped;

const STYLE: &str = include_str!("sheet/style.css");

/// What is shown of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Picture {
    /// A thumbnail: its address, relative or `data:`.
    Thumbnail(String),
    /// A file that is there and has no thumbnail, such as a film.
    Plain,
    /// A file that is not there.
    Missing,
}

/// The page. `pictures` says what is shown of each path, and `folder` where the paths begin, as an address.
pub(crate) fn sheet(manifest: &Manifest, pictures: &BTreeMap<String, Picture>, folder: &str) -> String {
    let summary = Summary::of(manifest);
    let name = escaped(&manifest.head.batch);
    let mut page = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"script-src 'none'; object-src 'none'; base-uri 'none'; form-action 'none'\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<title>{name}</title>\n<style>\n{STYLE}{}</style>\n</head>\n<body>\n\
         <h1>{name}</h1>\n",
        filters()
    );
    head(&mut page, &summary);
    page.push_str("<main>\n");
    let sheet = Sheet { pictures, folder };
    for steps in manifest.items() {
        sheet.item(&mut page, steps);
    }
    page.push_str("</main>\n</body>\n</html>\n");
    page
}

/// What chooses the items that are shown: a style for each state.
fn filters() -> String {
    let rule = |state: &str| format!("#show-{state}:checked~main>article:not(.{state}){{display:none}}\n");
    STATES.iter().map(|state| rule(state)).chain([rule("other")]).collect()
}

/// The numbers, and a choice for each state that there is.
fn head(page: &mut String, summary: &Summary) {
    let _ = writeln!(
        page,
        "<p>{} of {} items complete; {} steps, {} files</p>",
        summary.complete, summary.items, summary.steps, summary.files
    );
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    for (state, count) in &summary.states {
        *counts.entry(class(state)).or_default() += count;
    }
    choice(page, "all", "all", summary.steps, " checked");
    for state in STATES.iter().chain(&["other"]) {
        if let Some(count) = counts.get(state) {
            choice(page, state, &state.replace('_', " "), *count, "");
        }
    }
}

fn choice(page: &mut String, id: &str, label: &str, count: u64, checked: &str) {
    let _ = writeln!(
        page,
        "<input type=\"radio\" name=\"show\" id=\"show-{id}\"{checked}><label for=\"show-{id}\">{label} <b>{count}</b></label>"
    );
}

/// A state as a class; those of a later version share one.
fn class(state: &str) -> &'static str {
    STATES.into_iter().find(|known| *known == state).unwrap_or("other")
}

struct Sheet<'a> {
    pictures: &'a BTreeMap<String, Picture>,
    folder: &'a str,
}

impl Sheet<'_> {
    fn item(&self, page: &mut String, steps: &[StepRecord]) {
        let Some(first) = steps.first() else { return };
        let mut classes: Vec<_> = steps.iter().map(|step| class(&step.state)).collect();
        classes.sort_unstable();
        classes.dedup();
        let _ = writeln!(page, "<article id=\"item-{}\" class=\"{}\">", first.item, classes.join(" "));
        let name = if first.name.is_empty() { String::new() } else { format!(" {}", escaped(&first.name)) };
        let _ = writeln!(page, "<h2><a href=\"#item-{0}\">{0}</a>{name}</h2>", first.item);
        let _ = writeln!(page, "<p class=\"prompt\">{}</p>", escaped(&first.prompt));
        if !first.images.is_empty() {
            let _ = writeln!(page, "<p class=\"from\">from {}</p>", escaped(&first.images.join(", ")));
        }
        self.below(page, steps, None, 0);
        page.push_str("</article>\n");
    }

    /// The steps that continue another, or the image; what names itself as its own parent is not followed for ever.
    fn below(&self, page: &mut String, steps: &[StepRecord], parent: Option<&str>, depth: usize) {
        let children: Vec<_> = steps.iter().filter(|step| step.parent.as_deref() == parent).collect();
        if children.is_empty() || depth > steps.len() {
            return;
        }
        page.push_str("<ul>\n");
        for step in children {
            self.step(page, step);
            self.below(page, steps, Some(&step.key), depth + 1);
            page.push_str("</li>\n");
        }
        page.push_str("</ul>\n");
    }

    fn step(&self, page: &mut String, step: &StepRecord) {
        let own = step.step.rsplit(" > ").next().unwrap_or_default();
        let state = escaped(&step.state.replace('_', " "));
        let _ = write!(
            page,
            "<li><span class=\"step\">{}</span> <span class=\"state {}\">{state}</span>",
            escaped(own),
            class(&step.state)
        );
        if let Some(job) = step.job {
            let _ = write!(page, " <span class=\"job\">job {job}</span>");
        }
        page.push('\n');
        if let Some(error) = &step.error {
            let _ = writeln!(
                page,
                "<p class=\"error\"><b>{}</b> {}</p>",
                escaped(&error.kind),
                escaped(&error.text)
            );
            if !error.hint.is_empty() {
                let _ = writeln!(page, "<p class=\"hint\">{}</p>", escaped(&error.hint));
            }
        }
        if !step.files.is_empty() {
            page.push_str("<div class=\"files\">\n");
            for file in &step.files {
                self.file(page, step, file);
            }
            page.push_str("</div>\n");
        }
    }

    fn file(&self, page: &mut String, step: &StepRecord, file: &FileRecord) {
        let link = escaped(&format!("{}{}", self.folder, address(&file.path)));
        let path = escaped(&file.path);
        let _ = match self.pictures.get(&file.path) {
            Some(Picture::Thumbnail(source)) => writeln!(
                page,
                "<a href=\"{link}\" title=\"{path}\"><img loading=\"lazy\" src=\"{}\" alt=\"{}\"></a>",
                escaped(source),
                escaped(&format!("{}, {}", step.prompt, step.step))
            ),
            Some(Picture::Plain) => writeln!(page, "<a class=\"plain\" href=\"{link}\">{path}</a>"),
            Some(Picture::Missing) | None => {
                writeln!(page, "<span class=\"missing\">not there: {path}</span>")
            }
        };
    }
}

#[cfg(test)]
mod tests {
    use super::super::manifest::tests::manifest;
    use super::*;

    fn pictures() -> BTreeMap<String, Picture> {
        BTreeMap::from([("b/0001-a-fox/imagine-1.png".to_owned(), Picture::Thumbnail("t/1.jpg".to_owned()))])
    }

    #[test]
    fn an_html_contact_sheet_has_thumbnails_prompts_lineage_and_errors() {
        let page = sheet(&manifest(), &pictures(), "images/");
        for part in [
            "<p>0 of 2 items complete; 3 steps, 1 files</p>",
            "id=\"show-all\" checked><label for=\"show-all\">all <b>3</b></label>",
            "<label for=\"show-failed\">failed <b>1</b></label>",
            "<article id=\"item-1\" class=\"finished waiting_for_slot\">",
            "<p class=\"prompt\">a fox</p>",
            "<a href=\"images/b/0001-a-fox/imagine-1.png\"",
            "<img loading=\"lazy\" src=\"t/1.jpg\" alt=\"a fox, imagine\">",
            "</div>\n<ul>\n<li><span class=\"step\">U1</span> <span class=\"state waiting_for_slot\">waiting for slot</span>",
            "<p class=\"error\"><b>JobFailed</b> the job crashed</p>\n<p class=\"hint\">try again</p>",
            "prefers-color-scheme",
        ] {
            assert!(page.contains(part), "{part}: {page}");
        }
        assert_eq!(page.matches("<ul>").count(), page.matches("</ul>").count());
        assert_eq!(page.matches("<li>").count(), page.matches("</li>").count());
    }

    #[test]
    fn the_page_needs_nothing_from_elsewhere_and_is_the_same_each_time() {
        let mut manifest = manifest();
        manifest.steps[0].images = vec!["https://x.y/z.png".to_owned()];
        let page = sheet(&manifest, &pictures(), "");
        assert_eq!(page, sheet(&manifest, &pictures(), ""));
        for outside in ["src=\"http", "href=\"http", "url(", "@import", "<script", "<link"] {
            assert!(!page.contains(outside), "{outside}");
        }
        assert!(page.contains("script-src 'none'"), "and a browser is told that there is no script");
    }

    #[test]
    fn whatever_is_shown_is_shown_as_text() {
        let evil = "<script>alert('x')</script>\"'&";
        let mut manifest = manifest();
        manifest.head.batch = evil.to_owned();
        for step in &mut manifest.steps {
            for text in [&mut step.name, &mut step.prompt, &mut step.step, &mut step.state] {
                evil.clone_into(text);
            }
            step.images = vec![evil.to_owned()];
            for file in &mut step.files {
                file.path = format!("javascript:{evil}");
            }
            if let Some(error) = &mut step.error {
                error.kind = evil.to_owned();
                error.text = evil.to_owned();
                error.hint = evil.to_owned();
            }
        }
        for picture in [Picture::Thumbnail(evil.to_owned()), Picture::Plain, Picture::Missing] {
            let pictures = BTreeMap::from([(format!("javascript:{evil}"), picture)]);
            let page = sheet(&manifest, &pictures, "");
            assert!(!page.contains("<script"), "{page}");
            assert!(!page.contains("href=\"javascript:"), "{page}");
            assert!(
                page.contains("&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&quot;&#39;&amp;"),
                "{page}"
            );
        }
    }

    #[test]
    fn a_step_that_is_its_own_parent_ends() {
        let mut manifest = manifest();
        manifest.steps[1].parent = Some("k2".to_owned());
        let page = sheet(&manifest, &pictures(), "");
        assert!(page.ends_with("</html>\n"));
    }
}
