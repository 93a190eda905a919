//! Attribute paths in a configuration or state.

use std::fmt;

/// A path from a top-level attribute to a nested attribute or element.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct AttributePath {
    steps: Vec<Step>,
}

/// A step of an [`AttributePath`].
///
/// The protocol has no step into a set, so a path ends at the set.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Step {
    /// Selects an attribute of an object.
    Attribute(String),
    /// Selects an element of a map.
    Key(String),
    /// Selects an element of a list.
    Index(i64),
}

impl AttributePath {
    /// Returns the path of a top-level attribute.
    pub fn attribute(name: impl Into<String>) -> Self {
        Self { steps: vec![Step::Attribute(name.into())] }
    }

    /// Appends a step.
    #[must_use]
    pub fn with_step(mut self, step: Step) -> Self {
        self.steps.push(step);
        self
    }

    /// Returns the steps, outermost first. They are never empty, because hosts show no source line
    /// for an empty path.
    #[must_use]
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
    fn path_displays_as_in_hcl() {
        let path = AttributePath::attribute("a")
            .with_step(Step::Index(3))
            .with_step(Step::Attribute("b".into()))
            .with_step(Step::Key("c".into()));
        assert_eq!(path.to_string(), r#"a[3].b["c"]"#);
    }
}
