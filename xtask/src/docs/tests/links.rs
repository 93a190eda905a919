//! Checks links between pages of the project, including headings.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use super::super::files;
use crate::project;

/// The directories with pages, in addition to the top one.
const DIRECTORIES: [&str; 5] = ["contributing", "docs", "examples", "fuzz", "tests/terraform"];

#[test]
fn every_link_has_an_existing_file_and_heading() {
    let mut count = 0;
    for page in pages() {
        let text = fs::read_to_string(&page).expect("a page");
        for link in links(&text) {
            count += 1;
            let (file, heading) = link.split_once('#').unwrap_or((link, ""));
            let here = page.parent().unwrap_or(project());
            let target = if file.is_empty() { page.clone() } else { here.join(file) };
            assert!(target.exists(), "{}: {link} leads nowhere", page.display());
            let is_there =
                || anchors(&fs::read_to_string(&target).expect("a page")).contains(heading);
            assert!(
                heading.is_empty() || is_there(),
                "{}: the heading {link} doesn't exist",
                page.display()
            );
        }
    }
    assert!(count > 30, "only {count} links are found");
}

fn pages() -> Vec<PathBuf> {
    let in_directory = |directory: &&str| {
        let directory = project().join(directory);
        files(&directory).expect("a directory").into_iter().map(move |file| directory.join(file))
    };
    let top =
        fs::read_dir(project()).expect("the project").map(|entry| entry.expect("an entry").path());
    let all = top.filter(|path| path.is_file()).chain(DIRECTORIES.iter().flat_map(in_directory));
    all.filter(|path| path.extension().is_some_and(|extension| extension == "md")).collect()
}

/// Returns the targets of a page's links, those to other sites left out.
fn links(text: &str) -> impl Iterator<Item = &str> {
    let targets = outside_of_code(text).flat_map(|line| line.split("](").skip(1));
    targets.filter_map(|rest| rest.split(')').next()).filter(|target| !target.contains("://"))
}

/// Returns what links can name in a page: its headings as web pages write them, and its anchors.
fn anchors(text: &str) -> BTreeSet<String> {
    let headings = outside_of_code(text).filter(|line| line.starts_with('#'));
    let headings = headings.map(|line| slug(line.trim_start_matches('#').trim()));
    let named =
        text.split("<a id=\"").skip(1).filter_map(|rest| rest.split('"').next()).map(str::to_owned);
    headings.chain(named).collect()
}

fn slug(heading: &str) -> String {
    let kept = heading.chars().filter(|letter| letter.is_alphanumeric() || " -_".contains(*letter));
    kept.map(|letter| if letter == ' ' { '-' } else { letter.to_ascii_lowercase() }).collect()
}

fn outside_of_code(text: &str) -> impl Iterator<Item = &str> {
    let mut is_code = false;
    text.lines().filter(move |line| {
        let is_fence = line.starts_with("```");
        is_code ^= is_fence;
        !is_fence && !is_code
    })
}

#[test]
fn heading_anchors_match_those_of_web_pages() {
    let page = "# A `b` c!\n```\n# No heading\n```\n<a id=\"nestedatt--d\"></a>\nSee [it](#a-b-c) \
        and [else](https://x.y).\n\
        ";
    assert_eq!(anchors(page), ["a-b-c", "nestedatt--d"].map(str::to_owned).into());
    assert_eq!(links(page).collect::<Vec<_>>(), ["#a-b-c"]);
}
