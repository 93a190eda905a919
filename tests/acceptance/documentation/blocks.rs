//! The fenced code blocks of the project's Markdown files, with their positions.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

/// The text between two fences.
#[derive(Debug, Clone)]
pub(super) struct Block {
    /// The file, as a path in the project.
    pub(super) file: PathBuf,
    /// The line of the first fence.
    pub(super) line: usize,
    /// The word after the first fence.
    pub(super) language: String,
    /// The lines between the fences.
    pub(super) text: String,
}

impl Block {
    /// Returns whether it is in the language of configurations.
    pub(super) fn is_configuration(&self) -> bool {
        matches!(self.language.as_str(), "terraform" | "hcl")
    }

    /// Returns whether it shows a session with the program.
    pub(super) fn is_recording(&self) -> bool {
        self.language == "console" && self.text.starts_with("$ terraform ")
    }
}

impl fmt::Display for Block {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file.display(), self.line)
    }
}

/// Returns all code blocks of the user and contributor documentation, page by page.
pub(super) fn pages() -> Vec<Vec<Block>> {
    let mut files: Vec<PathBuf> = ["README.md", "CONTRIBUTING.md"].map(PathBuf::from).into();
    let mut directories = vec![PathBuf::from("docs")];
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(project().join(&directory)).expect("a directory") {
            let path = directory.join(entry.expect("an entry").file_name());
            if project().join(&path).is_dir() { directories.push(path) } else { files.push(path) }
        }
    }
    files.sort();
    files
        .iter()
        .map(|file| blocks(file, &fs::read_to_string(project().join(file)).expect("a page")))
        .collect()
}

fn project() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn blocks(file: &Path, page: &str) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut is_open = false;
    for (index, line) in page.lines().enumerate() {
        match (line.strip_prefix("```"), blocks.last_mut()) {
            (Some(language), _) if !is_open => {
                is_open = true;
                let (file, language) = (file.to_owned(), language.to_owned());
                blocks.push(Block { file, line: index + 1, language, text: String::new() });
            }
            (Some(_), _) => is_open = false,
            (None, Some(block)) if is_open => block.text.push_str(&format!("{line}\n")),
            (None, _) => {}
        }
    }
    assert!(!is_open, "a fence of {} is never closed", file.display());
    blocks
}

#[test]
fn blocks_are_the_text_between_fences() {
    let page = "a\n```hcl\nb {\n}\n```\nc\n```console\n$ terraform plan\nd\n```\n";
    let found = blocks(Path::new("page.md"), page);
    let [first, second] = &found[..] else { panic!("two blocks, not {found:?}") };
    assert_eq!((first.to_string().as_str(), first.text.as_str()), ("page.md:2", "b {\n}\n"));
    assert!(first.is_configuration() && !first.is_recording());
    assert!(second.is_recording() && !second.is_configuration());
}
