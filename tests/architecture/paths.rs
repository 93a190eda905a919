//! The paths in a file that lead out of its module: in imports, nested groups included, and in
//! bodies.

use crate::tokens::Token;

/// The name of the library in the programs beside it.
const LIBRARY: &str = "terraform_provider_gitlab_job_token";

/// Returns the paths from the root of the library, without its name.
pub(crate) fn absolute_paths(tokens: &[Token], module: &[String]) -> Vec<Vec<String>> {
    let mut paths = Vec::new();
    let mut inline = Inline { module: module.to_vec(), depths: Vec::new(), depth: 0 };
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        inline.pass(&tokens[at..]);
        at += match token {
            Token::Word(word) if word == "pub" => 1 + visibility(&tokens[at + 1..]),
            Token::Word(word) if is_start(word) && tokens.get(at + 1) == Some(&Token::Colons) => {
                let mut found = Vec::new();
                let length = tree(&tokens[at..], Vec::new(), &mut found);
                paths.extend(found.into_iter().filter_map(|path| resolve(&path, &inline.module)));
                length
            }
            _ => 1,
        };
    }
    paths
}

/// Returns the macros that are defined in a file: exported ones lie at the root, wherever the file
/// is.
pub(crate) fn macros(tokens: &[Token]) -> impl Iterator<Item = &String> {
    tokens.windows(3).filter_map(|three| match three {
        [keyword, Token::Sign('!'), Token::Word(name)] if keyword.is_word("macro_rules") => {
            Some(name)
        }
        _ => None,
    })
}

/// The module in which a token stands, which may be a block in the file.
struct Inline {
    module: Vec<String>,
    depths: Vec<u32>,
    depth: u32,
}

impl Inline {
    fn pass(&mut self, tokens: &[Token]) {
        match tokens {
            [module, Token::Word(name), Token::Sign('{'), ..] if module.is_word("mod") => {
                self.module.push(name.clone());
                self.depths.push(self.depth);
            }
            [Token::Sign('{'), ..] => self.depth += 1,
            [Token::Sign('}'), ..] => {
                self.depth = self.depth.saturating_sub(1);
                if self.depths.last() == Some(&self.depth) {
                    self.depths.pop();
                    self.module.pop();
                }
            }
            _ => {}
        }
    }
}

fn is_start(word: &str) -> bool {
    matches!(word, "crate" | "super" | "self" | LIBRARY)
}

/// Returns the number of tokens of what limits a `pub`: `(in crate::gitlab)` imports nothing.
fn visibility(tokens: &[Token]) -> usize {
    let is_limit =
        |word: &Token| ["crate", "super", "self", "in"].iter().any(|limit| word.is_word(limit));
    match tokens {
        [Token::Sign('('), word, ..] if is_limit(word) => {
            tokens.iter().position(|token| *token == Token::Sign(')')).map_or(0, |end| end + 1)
        }
        _ => 0,
    }
}

/// Reads a path that may branch, and returns the number of its tokens.
fn tree(tokens: &[Token], mut path: Vec<String>, found: &mut Vec<Vec<String>>) -> usize {
    let mut at = 0;
    loop {
        match tokens.get(at) {
            Some(Token::Word(word)) => {
                path.push(word.clone());
                at += 1;
                if tokens.get(at) != Some(&Token::Colons) {
                    break;
                }
                at += 1;
            }
            Some(Token::Sign('{')) => return at + group(&tokens[at..], &path, found),
            Some(Token::Sign('*')) => {
                at += 1;
                break;
            }
            _ => break,
        }
    }
    found.push(path);
    at
}

/// Reads the branches of a path, from brace to brace.
fn group(tokens: &[Token], path: &[String], found: &mut Vec<Vec<String>>) -> usize {
    let mut at = 1;
    while let Some(token) = tokens.get(at) {
        at += match token {
            Token::Sign('}') => return at + 1,
            // An alias isn't part of the path.
            Token::Word(word) if word == "as" => 2,
            Token::Word(_) => tree(&tokens[at..], path.to_vec(), found),
            _ => 1,
        };
    }
    at
}

/// Returns where a path leads, unless it leads nowhere, as `super` at the root.
fn resolve(path: &[String], module: &[String]) -> Option<Vec<String>> {
    let (first, rest) = path.split_first()?;
    let mut resolved = match first.as_str() {
        "self" => module.to_vec(),
        "super" => module.split_last()?.1.to_vec(),
        _ => Vec::new(),
    };
    for segment in rest {
        match segment.as_str() {
            "super" => drop(resolved.pop()?),
            "self" => {}
            name => resolved.push(name.to_owned()),
        }
    }
    Some(resolved)
}
