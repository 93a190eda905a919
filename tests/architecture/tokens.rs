//! A tokenizer for Rust imports, which recognizes items that only tests have.

/// A token. Comments aren't tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Token {
    /// An identifier, a keyword or a number.
    Word(String),
    /// A string literal, without its quotes.
    Text(String),
    /// `::`
    Colons,
    /// Any other character.
    Sign(char),
}

impl Token {
    pub(crate) fn is_word(&self, word: &str) -> bool {
        matches!(self, Self::Word(text) if text == word)
    }
}

/// Returns the tokens of a file.
pub(crate) fn tokens(text: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let (token, length) = next(rest, first);
        tokens.extend(token);
        rest = rest[length..].trim_start();
    }
    tokens
}

/// Returns the first token of a text, which is nothing for a comment, and its length in bytes.
fn next(text: &str, first: char) -> (Option<Token>, usize) {
    if text.starts_with("//") {
        return (None, text.find('\n').unwrap_or(text.len()));
    }
    if text.starts_with("/*") {
        return (None, text.find("*/").map_or(text.len(), |end| end + 2));
    }
    if let Some(length) = raw_string(text) {
        return (Some(Token::Text(text[..length].to_owned())), length);
    }
    match first {
        '"' => {
            let length = quoted(text, '"');
            (Some(Token::Text(text[1..length - 1].to_owned())), length)
        }
        '\'' if is_char(text) => (None, quoted(text, '\'')),
        ':' if text.starts_with("::") => (Some(Token::Colons), 2),
        first if is_of_word(first) => {
            let length = text.find(|other| !is_of_word(other)).unwrap_or(text.len());
            (Some(Token::Word(text[..length].to_owned())), length)
        }
        first => (Some(Token::Sign(first)), first.len_utf8()),
    }
}

fn is_of_word(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

/// Returns the length of a raw string, where the text begins with one.
fn raw_string(text: &str) -> Option<usize> {
    let body = text.strip_prefix("br").or_else(|| text.strip_prefix('r'))?;
    let hashes = body.len() - body.trim_start_matches('#').len();
    let inside = body[hashes..].strip_prefix('"')?;
    let end = format!("\"{}", "#".repeat(hashes));
    Some(text.len() - inside.len() + inside.find(&end)? + end.len())
}

/// Returns the length of a literal between quotes.
fn quoted(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, character) in text.char_indices().skip(1) {
        match character {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            character if character == quote => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// Returns whether a quote begins a character, and not a lifetime.
fn is_char(text: &str) -> bool {
    let mut characters = text.chars().skip(1);
    characters.next() == Some('\\') || characters.next() == Some('\'')
}

/// Returns the tokens without the items that only tests have, and the names of the modules among
/// those that lie in files of their own.
pub(crate) fn without_tests(tokens: Vec<Token>) -> (Vec<Token>, Vec<String>) {
    let marker = self::tokens("#[cfg(test)]");
    let (mut shipped, mut modules) = (Vec::new(), Vec::new());
    let mut rest = &tokens[..];
    while let Some((first, others)) = rest.split_first() {
        match rest.strip_prefix(&marker[..]) {
            Some(item) => {
                let length = item_length(item);
                modules.extend(module_file(&item[..length]));
                rest = &item[length..];
            }
            None => {
                shipped.push(first.clone());
                rest = others;
            }
        }
    }
    (shipped, modules)
}

/// Returns the length of an item with its attributes: up to its semicolon, or to the end of its
/// block.
fn item_length(tokens: &[Token]) -> usize {
    let is_use = tokens
        .iter()
        .find(|token| matches!(token, Token::Word(_)))
        .is_some_and(|word| word.is_word("use"));
    let mut depth = 0;
    for (at, token) in tokens.iter().enumerate() {
        match token {
            Token::Sign('(' | '[' | '{') => depth += 1,
            Token::Sign(')' | ']') => depth -= 1,
            Token::Sign('}') => {
                depth -= 1;
                if depth == 0 && !is_use {
                    return at + 1;
                }
            }
            Token::Sign(';') if depth == 0 => return at + 1,
            _ => {}
        }
    }
    tokens.len()
}

fn module_file(item: &[Token]) -> Option<String> {
    match item {
        [.., module, Token::Word(name), Token::Sign(';')] if module.is_word("mod") => {
            Some(name.clone())
        }
        _ => None,
    }
}
