//! The place of something in a configuration or state.

use std::fmt;

/// A path to an attribute or an element inside one, starting at an attribute of the whole object.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct AttributePath {
    steps: Vec<Step>,
}

/// One step of an [`AttributePath`].
///
/// The protocol has no step for an element of a set: a path ends at the set.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Step {
    /// Into an attribute of an object.
    Attribute(String),
    /// Into an element of a map.
    Key(String),
    /// Into an element of a list.
    Index(i64),
}

impl AttributePath {
    /// The path of a top-level attribute.
    pub fn attribute(name: impl Into<String>) -> AttributePath {
        AttributePath { steps: vec![Step::Attribute(name.into())] }
    }

    /// This path, one step further.
    pub fn then(mut self, step: Step) -> AttributePath {
        self.steps.push(step);
        self
    }

    /// The steps, outermost first; never empty, for the host shows an empty path without a source
    /// line.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }
}

impl fmt::Display for AttributePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, step) in self.steps.iter().enumerate() {
            match step {
                Step::Attribute(name) if position == 0 => f.write_str(name)?,
                Step::Attribute(name) => write!(f, ".{name}")?,
                Step::Key(key) => write!(f, "[{key:?}]")?,
                Step::Index(index) => write!(f, "[{index}]")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_reads_as_in_the_language() {
        let path = AttributePath::attribute("a")
            .then(Step::Index(3))
            .then(Step::Attribute("b".into()))
            .then(Step::Key("c".into()));
        assert_eq!(path.to_string(), r#"a[3].b["c"]"#);
    }
}
