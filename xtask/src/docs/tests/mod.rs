mod links;
mod source;

use std::collections::BTreeSet;

use super::*;
use crate::project;

fn pages() -> Pages {
    pages::all(project()).expect("the pages")
}

#[test]
fn committed_documentation_is_up_to_date() {
    let directory = project().join(DIRECTORY);
    let pages = pages();
    let mut stale: BTreeSet<PathBuf> = files(&directory).expect("docs/");
    stale.retain(|file| !pages.contains_key(file));
    for (file, page) in &pages {
        if fs::read_to_string(directory.join(file)).unwrap_or_default().replace("\r\n", "\n")
            != *page
        {
            stale.insert(file.clone());
        }
    }
    assert!(stale.is_empty(), "docs/ is stale, run `cargo xtask docs`: {stale:?}");
}

#[test]
fn every_page_has_the_front_matter_of_registries() {
    for (file, page) in pages() {
        let (head, _) =
            page.strip_prefix("---\n").and_then(|rest| rest.split_once("\n---\n")).expect("a head");
        let keys = head.lines().filter(|line| !line.starts_with(' '));
        let keys: Vec<&str> =
            keys.filter_map(|line| line.split_once(": ").map(|(key, _)| key)).collect();
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

/// The directories that the registry shows; it ignores all others.
#[test]
fn every_page_has_the_path_that_registries_expect() {
    const DIRECTORIES: [&str; 5] = ["", "data-sources", "guides", "list-resources", "resources"];
    for file in pages().into_keys() {
        let directory = file.parent().and_then(Path::to_str).expect("a directory");
        assert!(DIRECTORIES.contains(&directory), "{}", file.display());
        assert_eq!(
            file.extension().and_then(|extension| extension.to_str()),
            Some("md"),
            "{}",
            file.display()
        );
    }
}

/// A link at the end of a line may be longer.
#[test]
fn prose_in_the_sources_fits_80_columns() {
    let directory = project().join("docs-src");
    for file in files(&directory).expect("docs-src/") {
        let text = fs::read_to_string(directory.join(&file)).expect("a source");
        let (mut is_code, mut is_front) = (false, false);
        for (index, line) in text.lines().enumerate() {
            is_code ^= line.trim_start().starts_with("```");
            is_front ^= line == "---";
            let is_prose = !is_code && !is_front && !line.starts_with(['|', '#', '{']);
            let ends_in_a_link = line
                .rsplit_once("](")
                .is_some_and(|(_, end)| end.contains(')') && !end.contains(' '));
            let fits = line.chars().count() <= 80 || ends_in_a_link;
            assert!(!is_prose || fits, "docs-src/{}:{} is too long", file.display(), index + 1);
        }
    }
}

/// The registry's tools look for these phrases.
#[test]
fn nested_attributes_and_identities_have_the_registrys_form() {
    let list = page("resources/job_token_allowlist_exclusive.md");
    assert!(list.contains("(see [below for nested schema](#nestedatt--projects))\n"));
    assert!(list.contains(
        "<a id=\"nestedatt--projects\"></a>\n### Nested Schema for `projects`\n\nOptional:\n\n- `"
    ));
    let entry = page("resources/job_token_allowlist_entry.md");
    let (_, identity) =
        entry.split_once("### Identity Schema\n\n#### Required\n\n- `project_id` (").expect("one");
    assert!(identity.contains("\n\n#### Optional\n\n- `target_project_id` ("));
}

fn page(file: &str) -> String {
    fs::read_to_string(project().join(DIRECTORY).join(file)).expect("a page")
}

/// Returns the titles that the guides explain.
fn explained() -> Vec<String> {
    let guides = ["guides/troubleshooting.md", "guides/troubleshooting-plans.md"].map(page);
    let lines = guides.iter().flat_map(|guide| guide.lines());
    lines.filter_map(|line| line.strip_prefix("### ")).map(str::to_owned).collect()
}

#[test]
fn troubleshooting_explains_every_message_and_no_other() {
    let (titles, explained) = (source::titles(), explained());
    assert!(titles.len() > 40, "only {} titles are found: {titles:?}", titles.len());
    let mut unexplained = titles.clone();
    for heading in &explained {
        // The title that says most of it is meant, not one whose values could happen to say it.
        let possible = titles.iter().filter(|title| source::is_one_of(title, heading));
        let meant =
            possible.max_by_key(|title| title.chars().filter(|letter| *letter != '…').count());
        let meant = meant.unwrap_or_else(|| panic!("the program never says {heading:?}"));
        unexplained.remove(meant);
    }
    assert!(
        unexplained.is_empty(),
        "docs-src/guides/troubleshooting*.md do not explain {unexplained:?}"
    );
    let unique: BTreeSet<&String> = explained.iter().collect();
    assert_eq!(unique.len(), explained.len(), "something is explained twice");
}

/// Hosts wrap the detail of a message, but not its title.
#[test]
fn titles_have_at_most_60_characters() {
    const LONGEST: usize = 60;
    const ENTRY: &str = "platform/apps/app-1 on platform/deploy";
    /// Example values for titles that have them.
    const VALUES: [(&str, &str); 17] = [
        ("Entry already exists: …", ENTRY),
        ("Conflicting entries: …", ENTRY),
        ("Not removed: …", ENTRY),
        ("Permissions unknown: …", ENTRY),
        ("Permissions not set: …", ENTRY),
        ("Permissions hidden: …", ENTRY),
        ("Change not verified: …", ENTRY),
        ("ross-project push", "platform/tools/release-bot"),
        ("Can't use GitLab at …", "https://gitlab.example.com"),
        ("Changed since the plan: …", "platform/tools/release-bot"),
        ("Unknown paths: …", "allowlist of project platform/apps/app-1 (42)"),
        ("Replaced: …", "allowlist of project platform/apps/app-1 (42)"),
        ("Not planned: …", "allowlist of project platform/apps/app-1 (42)"),
        ("Job token scope not managed: project …", "platform/apps/app-1"),
        ("project …", "platform/apps/app-1 (42)"),
        ("Project …", "platform/apps/app-1 (42)"),
        ("group …", "platform/apps-42 (7)"),
    ];
    const TARGET: &str = "project platform/deploy (99)";
    for heading in explained() {
        let value = VALUES.iter().find(|(start, _)| heading.contains(start));
        let title = heading.replace('…', value.map_or(TARGET, |(_, value)| value));
        assert!(title.chars().count() <= LONGEST, "{title:?} is too long");
        assert!(!title.ends_with('.'), "{title:?} ends with a period");
    }
}

#[test]
fn index_page_lists_every_environment_variable() {
    let (page, variables) = (page("index.md"), source::variables());
    assert!(variables.contains("GITLAB_TOKEN"), "{variables:?}");
    for variable in variables {
        assert!(page.contains(&format!("`{variable}`")), "{variable} is not in docs-src/index.md");
    }
}
