//! `sheet`: a contact sheet and a summary of a batch, from its manifest. It sends nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use journeyman::ErrorKind;

use crate::args;
use crate::batch::{
    FileRecord, Manifest, Picture, Summary, address, sheet, thumbnail, thumbnail_name, write_whole,
};
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
pub(super) fn write(manifest: &Manifest, file: &Path, page: &Path) -> Result<(), Error> {
    let begin = file.with_file_name("").join(&manifest.head.folder);
    let mut seen = BTreeSet::new();
    let all = manifest.steps.iter().flat_map(|step| &step.files);
    let files: Vec<&FileRecord> = all.filter(|file| seen.insert(&file.path)).collect();
    let beside = (files.len() > MOST_WITHIN).then(|| page.with_extension("thumbnails"));
    if let Some(folder) = &beside {
        std::fs::create_dir_all(folder).map_err(|why| unwritable(folder, why))?;
    }
    let pictures = pictures(&files, &begin, beside.as_deref())?;
    let folder = prefix(&begin, page);
    let text = sheet(manifest, &pictures, &folder);
    write_whole(page, |file| file.write_all(text.as_bytes())).map_err(|why| unwritable(page, why))
}

/// What is shown of each file. Pictures take time to read, so that all cores do it.
fn pictures(
    files: &[&FileRecord],
    begin: &Path,
    beside: Option<&Path>,
) -> Result<BTreeMap<String, Picture>, Error> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let share = files.len().div_ceil(cores).max(1);
    let of_share = |files: &[&FileRecord]| -> Result<Vec<_>, Error> {
        files.iter().map(|file| Ok((file.path.clone(), picture(file, begin, beside)?))).collect()
    };
    std::thread::scope(|scope| {
        let shares: Vec<_> = files.chunks(share).map(|files| scope.spawn(move || of_share(files))).collect();
        let mut pictures = BTreeMap::new();
        for share in shares {
            let failed = |_| journeyman::Error::new(ErrorKind::Internal, "make the thumbnails");
            pictures.extend(share.join().map_err(failed)??);
        }
        Ok(pictures)
    })
}

/// A manifest may come from others: what it names outside of its folder is not looked at.
fn is_below(path: &str) -> bool {
    Path::new(path).components().all(|part| matches!(part, Component::Normal(_)))
}

fn picture(file: &FileRecord, begin: &Path, beside: Option<&Path>) -> Result<Picture, Error> {
    let path = begin.join(&file.path);
    if !is_below(&file.path) || !path.is_file() {
        return Ok(Picture::Missing);
    }
    let Some(folder) = beside else {
        let within = |bytes| format!("data:image/jpeg;base64,{}", BASE64_STANDARD.encode(bytes));
        return Ok(thumbnail(&path).map_or(Picture::Plain, |bytes| Picture::Thumbnail(within(bytes))));
    };
    let name = thumbnail_name(file);
    let small = folder.join(&name);
    // What has the same bytes has the same thumbnail: a second page of a batch takes what is there.
    if !small.is_file() {
        let Ok(bytes) = thumbnail(&path) else { return Ok(Picture::Plain) };
        write_whole(&small, |file| file.write_all(&bytes)).map_err(|why| unwritable(&small, why))?;
    }
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
