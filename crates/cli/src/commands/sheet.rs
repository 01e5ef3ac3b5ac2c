//! `sheet`: a contact sheet and a summary of a batch, from its manifest. It sends nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use journeyman::ErrorKind;

use crate::args;
use crate::batch::{Manifest, Picture, Summary, address, sheet, thumbnail};
use crate::error::Error;
use crate::show;

/// As many thumbnails fit into a page that any browser opens at once: about 3 MB.
const MOST_WITHIN: usize = 300;

/// Writes the page, and tells where it is with the batch's summary.
pub(super) fn run(args: &args::Sheet) -> Result<(), Error> {
    let manifest =
        Manifest::read(&args.manifest).map_err(|problem| Error::usage(problem.to_string(), problem.hint))?;
    let page = args.out.clone().unwrap_or_else(|| args.manifest.with_extension("html"));
    write(&manifest, &args.manifest, &page)?;
    let summary = Summary::of(&manifest);
    if args.json {
        return show::line(&show::summary_object(&summary, &page.display().to_string()));
    }
    show::print(&show::summary_text(&summary))?;
    show::print(&format!("the contact sheet is {}\n", page.display()))
}

/// Writes the contact sheet of a manifest that lies in this file; thumbnails go into the page, or a folder beside it.
fn write(manifest: &Manifest, file: &Path, page: &Path) -> Result<(), Error> {
    let begin = file.with_file_name("").join(&manifest.head.folder);
    let mut paths: Vec<&str> = Vec::new();
    let mut seen = BTreeSet::new();
    for file in manifest.steps.iter().flat_map(|step| &step.files) {
        if seen.insert(&file.path) {
            paths.push(&file.path);
        }
    }
    let beside = (paths.len() > MOST_WITHIN).then(|| page.with_extension("thumbnails"));
    if let Some(folder) = &beside {
        std::fs::create_dir_all(folder).map_err(|why| unwritable(folder, why))?;
    }
    let mut pictures = BTreeMap::new();
    for (number, path) in (1_u64..).zip(paths) {
        let picture = if is_below(path) {
            picture(&begin.join(path), beside.as_deref(), number)?
        } else {
            Picture::Missing
        };
        pictures.insert(path.to_owned(), picture);
    }
    let folder = prefix(&begin, page);
    std::fs::write(page, sheet(manifest, &pictures, &folder)).map_err(|why| unwritable(page, why))
}

/// A manifest may come from others: what it names outside of its folder is not looked at.
fn is_below(path: &str) -> bool {
    Path::new(path).components().all(|part| matches!(part, Component::Normal(_)))
}

fn picture(file: &Path, beside: Option<&Path>, number: u64) -> Result<Picture, Error> {
    if !file.is_file() {
        return Ok(Picture::Missing);
    }
    let Ok(bytes) = thumbnail(file) else { return Ok(Picture::Plain) };
    let Some(folder) = beside else {
        return Ok(Picture::Thumbnail(format!("data:image/jpeg;base64,{}", BASE64_STANDARD.encode(bytes))));
    };
    let name = format!("{number:06}.jpg");
    let path = folder.join(&name);
    std::fs::write(&path, bytes).map_err(|why| unwritable(&path, why))?;
    let folder = folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    Ok(Picture::Thumbnail(address(&format!("./{folder}/{name}"))))
}

/// Where the paths begin, as the page says it: from the page's own folder on, or from the root.
fn prefix(begin: &Path, page: &Path) -> String {
    // From here on, for an empty path is none.
    let whole = |path: &Path| {
        let path = Path::new(".").join(path);
        std::path::absolute(&path).unwrap_or(path)
    };
    let (begin, beside) = (whole(begin), whole(&page.with_file_name("")));
    let path = match begin.strip_prefix(&beside) {
        Ok(path) => PathBuf::from(".").join(path),
        Err(_) => begin,
    };
    let parts = path.to_string_lossy().replace('\\', "/");
    let end = if parts.ends_with('/') { "" } else { "/" };
    address(&format!("{parts}{end}"))
}

fn unwritable(path: &Path, why: std::io::Error) -> Error {
    journeyman::Error::new(ErrorKind::Storage, format!("write {}", path.display()))
        .with_hint("check the folder, its permissions and the free space, or give another file with --out")
        .with_source(why)
        .into()
}
