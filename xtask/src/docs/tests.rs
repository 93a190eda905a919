use std::collections::BTreeSet;

use super::*;
use crate::project;

fn pages() -> Pages {
    pages::all(project()).expect("the pages")
}

#[test]
fn what_is_committed_is_what_the_command_writes() {
    let folder = project().join(FOLDER);
    let pages = pages();
    let mut stale: BTreeSet<PathBuf> = files(&folder).expect("docs/");
    stale.retain(|file| !pages.contains_key(file));
    for (file, page) in &pages {
        if fs::read_to_string(folder.join(file)).unwrap_or_default().replace("\r\n", "\n") != *page {
            stale.insert(file.clone());
        }
    }
    assert!(stale.is_empty(), "docs/ is stale, run `cargo xtask docs`: {stale:?}");
}

#[test]
fn every_page_has_the_head_that_registries_read() {
    for (file, page) in pages() {
        let (head, _) =
            page.strip_prefix("---\n").and_then(|rest| rest.split_once("\n---\n")).expect("a head");
        let keys = head.lines().filter(|line| !line.starts_with(' '));
        let keys: Vec<&str> = keys.filter_map(|line| line.split_once(": ").map(|(key, _)| key)).collect();
        let is_index = file == Path::new("index.md");
        let expected = if is_index {
            &["page_title", "description"][..]
        } else {
            &["page_title", "subcategory", "description"]
        };
        assert_eq!(keys, expected, "{}", file.display());
        assert!(!page.contains("{{"), "{} quotes what is not there", file.display());
    }
}

/// The folders that the registry shows; it ignores all others.
#[test]
fn every_page_is_where_registries_look() {
    const FOLDERS: [&str; 5] = ["", "data-sources", "guides", "list-resources", "resources"];
    for file in pages().into_keys() {
        let folder = file.parent().and_then(Path::to_str).expect("a folder");
        assert!(FOLDERS.contains(&folder), "{}", file.display());
        assert_eq!(
            file.extension().and_then(|extension| extension.to_str()),
            Some("md"),
            "{}",
            file.display()
        );
    }
}
