//! Terraform values: each may be null or unknown.

use std::collections::BTreeMap;

/// The attributes of a configuration, plan or state, by name.
pub type Object = BTreeMap<String, Value>;

/// A value of any of the [types](super::Type) that our schemas use.
///
/// `Ord` gives sets a canonical order; it doesn't compare magnitudes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Value {
    /// Not set.
    Null,
    /// Known after apply.
    Unknown,
    /// `true` or `false`.
    Bool(bool),
    /// A number of any size.
    Number(Number),
    /// A string; Terraform normalizes it to NFC.
    String(String),
    /// The elements of a list.
    List(Vec<Self>),
    /// The elements of a set in canonical order, created by [`Value::set`].
    Set(Vec<Self>),
    /// A map or an object.
    Map(Object),
}

impl Value {
    /// Creates a set without duplicates. Unknown elements are kept, because they may turn out to
    /// differ.
    pub fn set(elements: impl IntoIterator<Item = Self>) -> Self {
        let mut elements: Vec<Self> = elements.into_iter().collect();
        elements.sort();
        elements.dedup_by(|left, right| left == right && left.is_wholly_known());
        Self::Set(elements)
    }

    /// Returns whether the value contains no unknown value at any depth.
    pub fn is_wholly_known(&self) -> bool {
        match self {
            Self::Unknown => false,
            Self::List(elements) | Self::Set(elements) => {
                elements.iter().all(Self::is_wholly_known)
            }
            Self::Map(elements) => elements.values().all(Self::is_wholly_known),
            Self::Null | Self::Bool(_) | Self::Number(_) | Self::String(_) => true,
        }
    }
}

/// A number without loss of precision, so that large IDs stay exact.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Number {
    /// A whole number that fits 64 bits.
    Integer(i64),
    /// Any other finite number, as a decimal without exponent, `+` sign or redundant zeros.
    Decimal(String),
}

impl Number {
    /// Parses a decimal number without exponent; returns `None` for any other text.
    pub fn parse(text: &str) -> Option<Self> {
        let (sign, digits) = match text.strip_prefix('-') {
            Some(digits) => ("-", digits),
            None => ("", text),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
        let all_digits =
            |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        if !all_digits(whole) || !all_digits(fraction) {
            return None;
        }
        let whole = match whole.trim_start_matches('0') {
            "" => "0",
            trimmed => trimmed,
        };
        let fraction = fraction.trim_end_matches('0');
        if fraction.is_empty() {
            let text = format!("{sign}{whole}");
            return Some(text.parse().map(Self::Integer).unwrap_or(Self::Decimal(text)));
        }
        Some(Self::Decimal(format!("{sign}{whole}.{fraction}")))
    }

    /// Converts a float by its shortest decimal text; returns `None` for an infinity or NaN.
    #[must_use]
    pub fn from_float(float: f64) -> Option<Self> {
        float.is_finite().then(|| Self::parse(&float.to_string())).flatten()
    }
}

impl From<i64> for Number {
    fn from(integer: i64) -> Self {
        Self::Integer(integer)
    }
}

impl std::fmt::Display for Number {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Integer(integer) => integer.fmt(f),
            Self::Decimal(text) => f.write_str(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_normalized() {
        assert_eq!(Number::parse("42"), Some(Number::Integer(42)));
        assert_eq!(Number::parse("042.00"), Some(Number::Integer(42)));
        assert_eq!(Number::parse("-0"), Some(Number::Integer(0)));
        assert_eq!(Number::parse("-1.50"), Some(Number::Decimal("-1.5".into())));
        assert_eq!(
            Number::parse("9223372036854775808"),
            Some(Number::Decimal("9223372036854775808".into()))
        );
        assert_eq!(Number::from_float(1e20), Some(Number::Decimal("100000000000000000000".into())));
        assert_eq!(Number::from_float(0.1), Some(Number::Decimal("0.1".into())));
    }

    #[test]
    fn other_texts_are_not_numbers() {
        for text in ["", "-", ".5", "1.", "1e5", "0x10", "NaN", "+1", "1 "] {
            assert_eq!(Number::parse(text), None, "{text:?}");
        }
        assert_eq!(Number::from_float(f64::INFINITY), None);
        assert_eq!(Number::from_float(f64::NAN), None);
    }

    #[test]
    fn sets_are_normalized() {
        let [a, b] = ["a", "b"].map(|text| Value::String(text.into()));
        assert_eq!(Value::set([b.clone(), a.clone(), b.clone()]), Value::set([a, b]));
        assert_eq!(
            Value::set([Value::Unknown, Value::Unknown]),
            Value::Set(vec![Value::Unknown; 2])
        );
    }

    #[test]
    fn unknown_values_are_found_at_any_depth() {
        let deep = Value::Map(Object::from([(
            "a".into(),
            Value::List(vec![Value::Null, Value::Unknown]),
        )]));
        assert!(!deep.is_wholly_known());
        assert!(Value::set([Value::Null]).is_wholly_known());
    }
}
