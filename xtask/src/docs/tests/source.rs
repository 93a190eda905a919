//! Reads the titles of diagnostics and the environment variables from the provider's source, to
//! compare them with the documentation. If it can't follow the source, the test fails and says
//! where.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::super::files;
use crate::project;

/// Stands for a value in a title.
const VARYING: &str = "…";

/// The calls whose first argument is a title.
const TITLED: [&str; 9] = [
    "Diagnostic::new(",
    "Diagnostic::provider_bug(",
    "report(",
    "report_on(",
    "of_a_refresh(",
    "unread(",
    "Unread::of(",
    "permissions::failure(",
    "permissions::failed_change(",
];

/// Returns the titles of all diagnostics, with [`VARYING`] in place of each value.
pub(super) fn titles() -> BTreeSet<String> {
    let mut titles = BTreeSet::new();
    for (file, source) in sources(&["src/framework", "src/provider"]) {
        for call in TITLED {
            for (start, _) in source.match_indices(call) {
                let before = &source[..start];
                // A longer name, a method, or the function itself.
                if before.ends_with(|last: char| last.is_alphanumeric() || "_.".contains(last))
                    || before.ends_with("fn ")
                {
                    continue;
                }
                match titles_at(&source, start + call.len(), |module| self::module(&file, module)) {
                    Ok(found) => titles.extend(found),
                    Err(argument) => panic!("{}: what title is {argument:?}?", file.display()),
                }
            }
        }
    }
    titles
}

/// Returns the environment variables that the program reads and users can set.
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
        && text
            .bytes()
            .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
}

/// Returns the files below these directories, without their tests.
fn sources(directories: &[&str]) -> Vec<(PathBuf, String)> {
    let in_directory = |directory: &&str| {
        let directory = project().join(directory);
        let files = files(&directory).expect("the sources");
        files
            .into_iter()
            .filter(|file| !file.to_string_lossy().contains("test"))
            .map(move |file| directory.join(file))
    };
    directories.iter().flat_map(in_directory).map(|file| (file.clone(), program(&file))).collect()
}

/// Returns a file without its tests; nothing if it doesn't exist.
fn program(file: &Path) -> String {
    let source = fs::read_to_string(file).unwrap_or_default();
    source.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default().to_owned()
}

/// Returns the source of the modules of a name that a file may mean: `super`, a child, a sibling,
/// or one beside a module that it is in.
fn module(file: &Path, name: &str) -> String {
    let directory = file.parent().unwrap_or(file);
    if name == "super" {
        return program(&directory.with_extension("rs"));
    }
    let child = file.with_extension("").join(name).with_extension("rs");
    let others = directory.ancestors().map(|directory| directory.join(name).with_extension("rs"));
    let files = std::iter::once(child).chain(others);
    files.filter(|file| file.is_file()).map(|file| program(&file)).collect::<Vec<_>>().join("\n")
}

/// Returns the titles that the argument at `start` stands for, by a variable, closure or function
/// if need be; none where it is a parameter, whose callers give it. An argument that can't be
/// followed is the error.
fn titles_at(
    source: &str,
    start: usize,
    module: impl Fn(&str) -> String,
) -> Result<Vec<String>, String> {
    let argument = source[start..].trim_start();
    if let Some(text) = text(argument) {
        return Ok(vec![text]);
    }
    let named = argument.strip_prefix("self.").unwrap_or(argument);
    let is_in_path = |letter: &char| letter.is_alphanumeric() || matches!(letter, '_' | ':');
    let path: String = named.chars().take_while(is_in_path).collect();
    let (from, name) = path.rsplit_once("::").unwrap_or(("", &path));
    let variable =
        source[..start].rsplit_once(&format!("let {name} =")).map(|(_, value)| texts(value));
    let titles = if named[path.len()..].starts_with('(') {
        let here = || body(source, name).map(texts).or_else(|| variable.clone());
        let there = |from: &str| body(&module(from), name).map(texts);
        match from {
            "" => here().or_else(|| there(imported_from(source, name))),
            from => there(from),
        }
    } else {
        variable
    };
    match titles {
        Some(titles) if !titles.is_empty() => Ok(titles),
        _ if source[..start].contains(&format!("{name}: impl Into<String>")) => Ok(Vec::new()),
        _ => Err(argument.lines().next().unwrap_or_default().to_owned()),
    }
}

/// Returns what follows the head of a function.
fn body<'s>(source: &'s str, function: &str) -> Option<&'s str> {
    let (_, rest) = source.split_once(&format!("fn {function}("))?;
    rest.split_once("{\n").map(|(_, body)| body)
}

/// Returns the module that a name is imported from.
fn imported_from<'s>(source: &'s str, name: &str) -> &'s str {
    let imports = source.split("\nuse ").skip(1).filter_map(|rest| rest.split_once(';'));
    let is_it = |word: &str| word == name;
    let mut imports = imports.map(|(import, _)| import);
    let import = imports.find(|import| {
        import.split(|letter: char| !letter.is_alphanumeric() && letter != '_').any(is_it)
    });
    let module =
        import.and_then(|import| import.split_once("::{").or_else(|| import.rsplit_once("::")));
    module.map_or("super", |(path, _)| path.rsplit("::").next().unwrap_or(path))
}

/// Returns the texts that a value may be: its own, that of a closure, or those of the arms of a
/// `match`.
fn texts(value: &str) -> Vec<String> {
    let value = value.trim_start();
    let value = value
        .strip_prefix('|')
        .and_then(|closure| closure.split_once('|'))
        .map_or(value, |(_, body)| body);
    match value.strip_prefix("match ") {
        Some(arms) => {
            // The end of a statement, or that of a function.
            let ends = ["};", "\n}\n"].into_iter().filter_map(|end| arms.find(end));
            let arms = &arms[..ends.min().unwrap_or(arms.len())];
            arms.split("=> ").skip(1).filter_map(text).collect()
        }
        None => text(value.trim_start()).into_iter().collect(),
    }
}

/// Returns the text of a literal, or of a `format!` with each value replaced.
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

/// Returns whether `text` is `title` with something in place of each value.
pub(super) fn is_one_of(title: &str, text: &str) -> bool {
    let mut parts = title.split(VARYING);
    let Some(mut rest) = parts.next().and_then(|start| text.strip_prefix(start)) else {
        return false;
    };
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
fn title_is_recognised_with_its_values() {
    assert!(is_one_of("No target", "No target"));
    assert!(!is_one_of("No target", "No targets"));
    assert!(is_one_of("Can't look up the … `…`", "Can't look up the group `a/b`"));
    assert!(!is_one_of("Can't look up the … `…`", "Can't look up the group"));
    assert!(!is_one_of("Invalid …", "Invalid "));
}

#[test]
fn titles_are_read_from_literals_names_and_functions() {
    let source = "use super::permissions::{of, cannot_read};\nfn f() {\n  let what = \
                  format!(\"Can't {}\", 1);\n  report(what, e);\n  let how = || format!(\"How \
                  {}\", 1);\n  let which = match 1 {\n    1 => \"One\",\n    _ => format!(\"Not \
                  {}\", 1),\n  };\n}\nfn g(n: u8) -> String {\n  format!(\"No {n} of {}\", n)\n}\n\
                  fn i(n: bool) -> String {\n  match n {\n    true => \"Yes\".into(),\n    \
                  false => format!(\"No {n}\"),\n  }\n}\nfn j() -> u8 {\n  match 1 {\n    1 => \
                  \"x\",\n  };\n}\n";
    let module = |name: &str| match name {
        "super" => "fn h() -> &str {\n  \"Other\"\n}\nfn cannot_read() -> &str {\n  \"Wrong\"\n}\n"
            .to_owned(),
        "permissions" => "fn cannot_read() -> &str {\n  \"Right\"\n}\n".to_owned(),
        other => panic!("{other}"),
    };
    let read =
        |argument: &str| titles_at(&format!("\n{source}{argument}"), source.len() + 1, module);
    let one = |title: &str| Ok(vec![title.to_owned()]);
    assert_eq!(read("\"Plain\", d)"), one("Plain"));
    assert_eq!(read("what, d)"), one("Can't …"));
    assert_eq!(read("how(), d)"), one("How …"));
    assert_eq!(read("which, d)"), Ok(vec!["One".into(), "Not …".into()]));
    assert_eq!(read("g(7), d)"), one("No … of …"));
    assert_eq!(read("self.g(7), d)"), one("No … of …"));
    assert_eq!(read("i(true), d)"), Ok(vec!["Yes".into(), "No …".into()]));
    assert_eq!(read("h(), d)"), one("Other"));
    assert_eq!(read("cannot_read(), d)"), one("Right"));
    assert_eq!(read("permissions::cannot_read(), d)"), one("Right"));
    assert_eq!(read("elsewhere, d)"), Err("elsewhere, d)".into()));
}
