//! Reads from the program's own source what its documentation must not forget: the titles of diagnostics and the
//! variables of the environment. It is no parser: where it can't follow the source, the test fails and says where.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::super::files;
use crate::project;

/// What stands in a title for what only a run knows.
const VARYING: &str = "…";

/// The calls whose first argument is a title.
const TITLED: [&str; 5] =
    ["Diagnostic::new(", "Diagnostic::defect(", "report(", "report_all(", "permissions::failure("];

/// The titles of all diagnostics, with [`VARYING`] in place of each value.
pub(super) fn titles() -> BTreeSet<String> {
    let mut titles = BTreeSet::new();
    for (file, source) in sources(&["src/framework", "src/provider"]) {
        let parent = program(&file.parent().unwrap_or(&file).with_extension("rs"));
        for call in TITLED {
            for (start, _) in source.match_indices(call) {
                let before = &source[..start];
                // A longer name, or the function itself.
                if before.ends_with(|last: char| last.is_alphanumeric() || last == '_')
                    || before.ends_with("fn ")
                {
                    continue;
                }
                match title(&source, start + call.len(), &parent) {
                    Ok(Some(title)) => drop(titles.insert(title)),
                    Ok(None) => {}
                    Err(argument) => panic!("{}: what title is {argument:?}?", file.display()),
                }
            }
        }
    }
    titles
}

/// The variables that the program asks the environment for, as far as they are a practitioner's business.
pub(super) fn variables() -> BTreeSet<String> {
    let mut variables = BTreeSet::new();
    for (_, source) in sources(&["src"]) {
        let literals = source.split('"').skip(1).step_by(2);
        variables.extend(literals.filter(|text| is_variable(text)).map(str::to_owned));
    }
    variables
}

fn is_variable(text: &str) -> bool {
    ["GITLAB_", "CI_", "TF_LOG"].iter().any(|prefix| text.starts_with(prefix))
        && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
}

/// The files below these folders, without their tests.
fn sources(folders: &[&str]) -> Vec<(PathBuf, String)> {
    let in_folder = |folder: &&str| {
        let folder = project().join(folder);
        let files = files(&folder).expect("the sources");
        files
            .into_iter()
            .filter(|file| !file.to_string_lossy().contains("test"))
            .map(move |file| folder.join(file))
    };
    folders.iter().flat_map(in_folder).map(|file| (file.clone(), program(&file))).collect()
}

/// A file without its tests; nothing where there is no such file.
fn program(file: &Path) -> String {
    let source = fs::read_to_string(file).unwrap_or_default();
    source.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default().to_owned()
}

/// The title that the argument at `start` stands for, by a function of `parent` if need be; `None` where it is a
/// parameter, whose callers say it. An argument that can't be followed is the error.
fn title(source: &str, start: usize, parent: &str) -> Result<Option<String>, String> {
    let argument = source[start..].trim_start();
    if let Some(text) = text(argument) {
        return Ok(Some(text));
    }
    let name: String =
        argument.chars().take_while(|letter| letter.is_alphanumeric() || *letter == '_').collect();
    let value = if argument[name.len()..].starts_with('(') {
        let head = format!("fn {name}(");
        let function = source.split_once(&head).or_else(|| parent.split_once(&head));
        function.and_then(|(_, rest)| rest.split_once("{\n")).map(|(_, body)| body)
    } else {
        let defined = source[..start].rsplit_once(&format!("let {name} = "));
        defined.map(|(_, value)| value)
    };
    match value.and_then(|value| text(value.trim_start())) {
        Some(text) => Ok(Some(text)),
        None if source[..start].contains(&format!("{name}: impl Into<String>")) => Ok(None),
        None => Err(argument.lines().next().unwrap_or_default().to_owned()),
    }
}

/// The text of a literal, or of a `format!` with each value replaced.
fn text(source: &str) -> Option<String> {
    let formatted = source.strip_prefix("format!(").map(str::trim_start);
    let (text, _) = formatted.unwrap_or(source).strip_prefix('"')?.split_once('"')?;
    if formatted.is_none() {
        return Some(text.to_owned());
    }
    let mut parts = text.split('{');
    let mut title = parts.next()?.to_owned();
    for part in parts {
        title.push_str(VARYING);
        title.push_str(part.split_once('}')?.1);
    }
    Some(title)
}

/// Whether `text` is `title` with something in place of each value.
pub(super) fn is_one_of(title: &str, text: &str) -> bool {
    let mut parts = title.split(VARYING);
    let Some(mut rest) = parts.next().and_then(|start| text.strip_prefix(start)) else { return false };
    let parts: Vec<&str> = parts.collect();
    let Some((end, middle)) = parts.split_last() else { return rest.is_empty() };
    for part in middle {
        match rest.split_once(part) {
            Some((value, after)) if !value.is_empty() => rest = after,
            _ => return false,
        }
    }
    rest.len() > end.len() && rest.ends_with(end)
}

#[test]
fn a_title_is_recognised_with_its_values() {
    assert!(is_one_of("No target", "No target"));
    assert!(!is_one_of("No target", "No targets"));
    assert!(is_one_of("Can't look up the … `…`", "Can't look up the group `a/b`"));
    assert!(!is_one_of("Can't look up the … `…`", "Can't look up the group"));
    assert!(!is_one_of("Invalid …", "Invalid "));
}

#[test]
fn titles_are_read_from_literals_names_and_functions() {
    let source = "fn f() {\n  let what = format!(\"Can't {}\", 1);\n  report(what, e);\n}\nfn g(n: u8) -> String {\n  \
                  format!(\"No {n} of {}\", n)\n}\n";
    let read = |argument: &str| {
        title(&format!("{source}{argument}"), source.len(), "fn h() -> &str {\n  \"Other\"\n}\n")
    };
    assert_eq!(read("\"Plain\", d)"), Ok(Some("Plain".into())));
    assert_eq!(read("what, d)"), Ok(Some("Can't …".into())));
    assert_eq!(read("g(7), d)"), Ok(Some("No … of …".into())));
    assert_eq!(read("h(), d)"), Ok(Some("Other".into())));
    assert_eq!(read("elsewhere, d)"), Err("elsewhere, d)".into()));
}
