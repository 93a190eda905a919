//! Reads the subset of HCL that examples for newer CLIs need: blocks of attributes with literal
//! values. Anything else is an error in the example.

use serde_json::{Map, Value};

/// A block or an object: its header, and the attributes directly in it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Block {
    /// The words before the brace, such as `import` or `identity =`.
    pub(super) head: String,
    /// Attributes with literal values; references are strings.
    pub(super) attributes: Map<String, Value>,
    /// The blocks and objects in it.
    pub(super) inner: Vec<Self>,
}

impl Block {
    /// Returns the only inner block with this header.
    #[track_caller]
    pub(super) fn block(&self, head: &str) -> &Self {
        match self.inner.iter().filter(|block| block.head == head).collect::<Vec<_>>().as_slice() {
            [only] => only,
            other => panic!("one `{head}` is needed, not {other:?}"),
        }
    }

    /// Returns an attribute that is a string or a reference.
    #[track_caller]
    pub(super) fn text(&self, name: &str) -> &str {
        self.attributes[name]
            .as_str()
            .unwrap_or_else(|| panic!("`{name}` isn't a string in {self:?}"))
    }
}

/// Returns the blocks of a file.
#[track_caller]
pub(super) fn blocks(text: &str) -> Vec<Block> {
    let mut open = vec![block("")];
    for line in text.lines().map(|line| line.split_once(" #").map_or(line, |(code, _)| code).trim())
    {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if let Some(head) = line.strip_suffix('{') {
            open.push(block(head.trim()));
        } else if line == "}" {
            let closed = open.pop().expect("an open block");
            open.last_mut().expect("the file itself").inner.push(closed);
        } else {
            let (name, value) =
                line.split_once('=').unwrap_or_else(|| panic!("no attribute: {line:?}"));
            let value =
                serde_json::from_str(value.trim()).unwrap_or_else(|_| Value::from(value.trim()));
            open.last_mut()
                .expect("the file itself")
                .attributes
                .insert(name.trim().to_owned(), value);
        }
    }
    open.pop().expect("the file itself").inner
}

fn block(head: &str) -> Block {
    Block { head: head.to_owned(), attributes: Map::new(), inner: Vec::new() }
}

#[test]
fn blocks_are_parsed_with_their_content() {
    let text = "# A list.\nlist \"x\" \"y\" {\n  provider = gitlab # ours\n\n  config {\n    \
                project = \"a/b\"\n    n = 7\n  }\n}\n\
                ";
    let read = blocks(text);
    assert_eq!(
        (read.len(), read[0].head.as_str(), read[0].text("provider")),
        (1, "list \"x\" \"y\"", "gitlab")
    );
    let config = read[0].block("config");
    assert_eq!(
        Value::Object(config.attributes.clone()),
        serde_json::json!({"project": "a/b", "n": 7})
    );
}
