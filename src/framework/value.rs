//! Values as Terraform means them: every value may be null or not yet known.

use std::collections::BTreeMap;

/// The attributes of a configuration, plan or state, by name.
pub type Object = BTreeMap<String, Value>;

/// A value of any type of Terraform's type system that our schemas use.
///
/// `Ord` is only there so that sets have one form; it says nothing about magnitude.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Value {
    /// Not set.
    Null,
    /// To be known after apply.
    Unknown,
    /// `true` or `false`.
    Bool(bool),
    /// A number of any size.
    Number(Number),
    /// Text; Terraform normalises it to NFC on its side.
    String(String),
    /// Elements in order.
    List(Vec<Value>),
    /// Elements in the one order that [`Value::set`] gives them.
    Set(Vec<Value>),
    /// A map or an object: both are keyed by text.
    Map(Object),
}

impl Value {
    /// A set of the elements: without order and without duplicates, but two unknown elements stay
    /// two, for they may turn out to differ.
    pub fn set(elements: impl IntoIterator<Item = Value>) -> Value {
        let mut elements: Vec<Value> = elements.into_iter().collect();
        elements.sort();
        elements.dedup_by(|left, right| left == right && left.is_wholly_known());
        Value::Set(elements)
    }

    /// Returns whether the value and everything inside it are known.
    pub fn is_wholly_known(&self) -> bool {
        match self {
            Value::Unknown => false,
            Value::List(elements) | Value::Set(elements) => {
                elements.iter().all(Value::is_wholly_known)
            }
            Value::Map(elements) => elements.values().all(Value::is_wholly_known),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => true,
        }
    }
}

/// A number without loss: ids stay exact, whatever their size.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Number {
    /// A whole number that fits 64 bits.
    Integer(i64),
    /// Any other finite number, as decimal text without exponent, sign `+` or needless zeros.
    Decimal(String),
}

impl Number {
    /// The number that a decimal text stands for, or `None` where the text is no finite decimal
    /// number.
    pub fn parse(text: &str) -> Option<Number> {
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
            return Some(text.parse().map(Number::Integer).unwrap_or(Number::Decimal(text)));
        }
        Some(Number::Decimal(format!("{sign}{whole}.{fraction}")))
    }

    /// The number nearest to a float's shortest decimal text, or `None` for an infinity or NaN.
    pub fn from_float(float: f64) -> Option<Number> {
        float.is_finite().then(|| Number::parse(&float.to_string())).flatten()
    }
}

impl From<i64> for Number {
    fn from(integer: i64) -> Number {
        Number::Integer(integer)
    }
}

impl std::fmt::Display for Number {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Number::Integer(integer) => integer.fmt(f),
            Number::Decimal(text) => f.write_str(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_one_form_each() {
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
    fn what_is_no_finite_decimal_number_is_refused() {
        for text in ["", "-", ".5", "1.", "1e5", "0x10", "NaN", "+1", "1 "] {
            assert_eq!(Number::parse(text), None, "{text:?}");
        }
        assert_eq!(Number::from_float(f64::INFINITY), None);
        assert_eq!(Number::from_float(f64::NAN), None);
    }

    #[test]
    fn a_set_has_one_form() {
        let [a, b] = ["a", "b"].map(|text| Value::String(text.into()));
        assert_eq!(Value::set([b.clone(), a.clone(), b.clone()]), Value::set([a, b]));
        assert_eq!(
            Value::set([Value::Unknown, Value::Unknown]),
            Value::Set(vec![Value::Unknown; 2])
        );
    }

    #[test]
    fn an_unknown_is_found_at_any_depth() {
        let deep = Value::Map(Object::from([(
            "a".into(),
            Value::List(vec![Value::Null, Value::Unknown]),
        )]));
        assert!(!deep.is_wholly_known());
        assert!(Value::set([Value::Null]).is_wholly_known());
    }
}
