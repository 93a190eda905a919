//! Hand-written texts of `templates/`, with what they quote put in: a line that is `{{ file PATH }}` becomes that file
//! of the project, fenced, and one that is `{{ schema }}` the attributes of the page's schema.

use std::fs;
use std::path::Path;

use super::pages::Problem;

/// The text of a template, without what it quotes; `None` where there is no such template.
pub(super) fn template(project: &Path, name: &str) -> Result<Option<String>, Problem> {
    let path = Path::new("templates").join(name);
    if project.join(&path).is_file() { read(project, &path).map(Some) } else { Ok(None) }
}

/// The text with all that it quotes.
pub(super) fn fill_in(project: &Path, text: &str, schema: &str) -> Result<String, Problem> {
    let mut filled = String::new();
    for line in text.lines() {
        let quote = line.strip_prefix("{{ ").and_then(|rest| rest.strip_suffix(" }}"));
        match quote.map(|quote| quote.split_once(' ').unwrap_or((quote, ""))) {
            None => filled.push_str(&format!("{line}\n")),
            Some(("file", path)) => filled.push_str(&fenced(project, Path::new(path))?),
            Some(("schema", "")) if !schema.is_empty() => filled.push_str(schema),
            Some(_) => return Err(Problem::UnknownQuote(line.to_owned())),
        }
    }
    Ok(filled)
}

/// A file as a block of code, in the language that its name tells.
pub(super) fn fenced(project: &Path, path: &Path) -> Result<String, Problem> {
    let language = match path.extension().and_then(|extension| extension.to_str()) {
        Some("tf" | "tfvars" | "hcl") => "terraform",
        Some("sh") => "shell",
        _ => "text",
    };
    Ok(format!("```{language}\n{}\n```\n", read(project, path)?.trim_end()))
}

fn read(project: &Path, path: &Path) -> Result<String, Problem> {
    fs::read_to_string(project.join(path)).map_err(|error| Problem::Unreadable(path.to_owned(), error))
}
