//! Templates in `docs-src/`: a line `{{ file PATH… }}` is replaced with these files of the project
//! in one fence, and `{{ schema }}` with the attributes of the page's schema.

use std::fs;
use std::path::Path;

use super::problem::DocsError;

/// Returns the text of a template before its quotes are filled in; `None` if the template doesn't
/// exist.
pub(super) fn template(project: &Path, name: &str) -> Result<Option<String>, DocsError> {
    let path = Path::new("docs-src").join(name);
    if project.join(&path).is_file() { read(project, &path).map(Some) } else { Ok(None) }
}

/// Returns the text with its quotes filled in.
pub(super) fn fill_in(project: &Path, text: &str, schema: &str) -> Result<String, DocsError> {
    let mut filled = String::new();
    for line in text.lines() {
        let quote = line.strip_prefix("{{ ").and_then(|rest| rest.strip_suffix(" }}"));
        match quote.map(|quote| quote.split_once(' ').unwrap_or((quote, ""))) {
            None => filled.push_str(&format!("{line}\n")),
            Some(("file", paths)) => {
                let paths: Vec<&Path> = paths.split(' ').map(Path::new).collect();
                filled.push_str(&fenced(project, &paths)?);
            }
            Some(("schema", "")) if !schema.is_empty() => filled.push_str(schema),
            Some(_) => return Err(DocsError::UnknownQuote(line.to_owned())),
        }
    }
    Ok(filled)
}

/// Returns files as one code block, in the language of the first file's extension.
pub(super) fn fenced(project: &Path, paths: &[&Path]) -> Result<String, DocsError> {
    let extension =
        paths.first().and_then(|path| path.extension()).and_then(|extension| extension.to_str());
    let language = match extension {
        Some("tf" | "hcl") => "terraform",
        Some("sh") => "shell",
        _ => "text",
    };
    let texts: Vec<String> =
        paths.iter().map(|path| read(project, path)).collect::<Result<_, _>>()?;
    let texts: Vec<&str> = texts.iter().map(|text| text.trim_end()).collect();
    Ok(format!("```{language}\n{}\n```\n", texts.join("\n\n")))
}

fn read(project: &Path, path: &Path) -> Result<String, DocsError> {
    fs::read_to_string(project.join(path))
        .map_err(|error| DocsError::Unreadable(path.to_owned(), error))
}
