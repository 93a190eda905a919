//! Parameters of the query and the body, validated as strictly as in GitLab. All errors of a
//! request are in one message, in the order in which the endpoint declares its parameters.

use std::collections::BTreeMap;

use percent_encoding::percent_decode_str;
use serde_json::Value;

use super::api_response::ApiResponse;

/// An ID that no project or group has, for IDs out of range.
const UNKNOWN_ID: u64 = 0;

/// Numbers from here on are read as floats by the JSON parser, though they were written as
/// integers.
const BEYOND_INTEGERS: f64 = 9.2e18;

/// The parameters of a request. Those of the body override those of the query.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Params(BTreeMap<String, Value>);

impl Params {
    /// Reads the query and, by its content type, the body: JSON, or a form.
    pub(crate) fn read(
        query: &str,
        content_type: Option<&str>,
        body: &[u8],
    ) -> Result<Self, ApiResponse> {
        let mut params = Self::default();
        params.read_form(query);
        if body.is_empty() {
            return Ok(params);
        }
        let media_type = content_type
            .unwrap_or(FORM)
            .split(';')
            .next()
            .unwrap_or_default()
            .trim()
            .to_ascii_lowercase();
        match media_type.as_str() {
            FORM => params.read_form(&String::from_utf8_lossy(body)),
            "application/json" => match serde_json::from_slice(body) {
                Ok(Value::Object(members)) => params.0.extend(members),
                // GitLab's parser accepts other documents, but finds no parameters in them.
                Ok(_) => {}
                Err(_) => {
                    return Err(ApiResponse::error(
                        400,
                        "message body does not match declared format",
                    ));
                }
            },
            other => {
                return Err(ApiResponse::error(
                    415,
                    &format!("The provided content-type '{other}' is not supported."),
                ));
            }
        }
        Ok(params)
    }

    fn read_form(&mut self, form: &str) {
        for pair in form.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            self.0.insert(form_decoded(name), Value::String(form_decoded(value)));
        }
    }

    /// Sets the value of a placeholder in the path, which overrides query and body.
    pub(crate) fn set_from_path(&mut self, name: &str, value: &str) {
        self.0.insert(name.to_owned(), Value::String(value.to_owned()));
    }

    /// Returns the value as text if it is a string or number.
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        match self.0.get(name)? {
            Value::String(text) => Some(text.clone()),
            other => Some(other.to_string()),
        }
    }

    /// Returns the value as an ID, whatever else is wrong with the request.
    pub(crate) fn lenient_id(&self, name: &str) -> Option<u64> {
        integer(self.0.get(name)?).and_then(|id| u64::try_from(id).ok())
    }

    /// Starts a validation.
    pub(crate) fn check(&self) -> Check<'_> {
        Check { params: self, complaints: Vec::new() }
    }
}

const FORM: &str = "application/x-www-form-urlencoded";

/// A validation in progress. The placeholders for invalid values are never used, since
/// [`Check::done`] returns an error first.
pub(crate) struct Check<'p> {
    params: &'p Params,
    complaints: Vec<String>,
}

impl<'p> Check<'p> {
    /// Returns a required ID. An ID out of range is well-formed, but unknown.
    pub(crate) fn id(&mut self, name: &str) -> u64 {
        let value = self.present(name).and_then(|value| self.typed(name, integer(value)));
        value.and_then(|id| u64::try_from(id).ok()).unwrap_or(UNKNOWN_ID)
    }

    /// Returns a required text.
    pub(crate) fn name(&mut self, name: &str) -> String {
        let value = self.present(name).and_then(|value| self.typed(name, value.as_str()));
        value.unwrap_or_default().to_owned()
    }

    /// Returns a required boolean.
    pub(crate) fn boolean(&mut self, name: &str) -> bool {
        self.present(name).and_then(|value| self.typed(name, boolean(value))).unwrap_or_default()
    }

    /// Returns an optional boolean.
    pub(crate) fn optional_boolean(&mut self, name: &str, default: bool) -> bool {
        match self.params.0.get(name) {
            Some(value) => self.typed(name, boolean(value)).unwrap_or(default),
            None => default,
        }
    }

    /// Adds an error if the supported parameter is missing. The error names the alternatives.
    pub(crate) fn at_least_one_of(&mut self, served: Option<&str>, others: &[&str]) {
        if !served.is_some_and(|name| self.params.0.contains_key(name)) {
            let names: Vec<&str> = others.iter().copied().chain(served).collect();
            self.complaints.push(format!(
                "{} are missing, at least one parameter must be provided",
                names.join(", ")
            ));
        }
    }

    /// Adds an error unless at least one of the parameters is set.
    pub(crate) fn any_of(&mut self, names: &[&str]) {
        if !names.iter().any(|name| self.params.0.contains_key(*name)) {
            self.at_least_one_of(None, names);
        }
    }

    /// Returns a required list of words, as an array or separated by commas, each of which must be
    /// valid.
    pub(crate) fn words<T>(&mut self, name: &str, meaning: impl Fn(&str) -> Option<T>) -> Vec<T> {
        let words: Option<Vec<String>> = match self.params.0.get(name) {
            Some(Value::Array(words)) => {
                words.iter().map(|word| word.as_str().map(str::to_owned)).collect()
            }
            Some(Value::String(words)) => {
                Some(words.split(',').map(|word| word.trim().to_owned()).collect())
            }
            Some(_) => None,
            None => {
                self.complaints.push(format!("{name} is missing"));
                return Vec::new();
            }
        };
        let Some(words) = self.typed(name, words) else { return Vec::new() };
        let meanings: Option<Vec<T>> = words.iter().map(|word| meaning(word)).collect();
        meanings.unwrap_or_else(|| {
            self.complaints.push(format!("{name} does not have a valid value"));
            Vec::new()
        })
    }

    /// Returns an optional number; an empty one is treated as omitted.
    pub(crate) fn optional_number(&mut self, name: &str, default: i128) -> i128 {
        match self.params.0.get(name) {
            Some(value) if !is_blank(value) => self.typed(name, integer(value)).unwrap_or(default),
            _ => default,
        }
    }

    /// Adds an error if a well-formed value is forbidden.
    pub(crate) fn forbid(&mut self, name: &str, forbidden: bool) {
        if forbidden {
            self.complaints.push(format!("{name} has a value not allowed"));
        }
    }

    /// Fails if there are errors.
    pub(crate) fn done(self) -> Result<(), ApiResponse> {
        if self.complaints.is_empty() {
            Ok(())
        } else {
            Err(ApiResponse::error(400, &self.complaints.join(", ")))
        }
    }

    fn present(&mut self, name: &str) -> Option<&'p Value> {
        match self.params.0.get(name) {
            None => self.complaints.push(format!("{name} is missing")),
            Some(value) if is_blank(value) => self.complaints.push(format!("{name} is empty")),
            Some(value) => return Some(value),
        }
        None
    }

    fn typed<T>(&mut self, name: &str, value: Option<T>) -> Option<T> {
        if value.is_none() {
            self.complaints.push(format!("{name} is invalid"));
        }
        value
    }
}

fn is_blank(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.trim().is_empty(),
        _ => false,
    }
}

/// Returns an integer, which can be a string. One too long for the return type saturates.
fn integer(value: &Value) -> Option<i128> {
    match value {
        Value::Number(number) => match number.as_f64() {
            _ if number.is_i64() || number.is_u64() => number.to_string().parse().ok(),
            Some(float) if float.abs() >= BEYOND_INTEGERS => {
                Some(if float < 0.0 { i128::MIN } else { i128::MAX })
            }
            _ => None,
        },
        Value::String(text) => {
            let digits = text.strip_prefix('-').unwrap_or(text);
            let is_integer = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
            is_integer.then(|| {
                text.parse().unwrap_or(if text.starts_with('-') { i128::MIN } else { i128::MAX })
            })
        }
        _ => None,
    }
}

/// Returns a boolean, which can be a string.
fn boolean(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(value) => Some(*value),
        Value::String(text) => match text.to_ascii_lowercase().as_str() {
            "true" | "t" | "yes" | "y" | "on" | "1" => Some(true),
            "false" | "f" | "no" | "n" | "off" | "0" => Some(false),
            _ => None,
        },
        _ => None,
    }
}

fn form_decoded(text: &str) -> String {
    percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn complaint(body: &Value, check: impl FnOnce(&mut Check<'_>)) -> Option<String> {
        let params =
            Params::read("", Some("application/json"), body.to_string().as_bytes()).unwrap();
        let mut validation = params.check();
        check(&mut validation);
        let response = validation.done().err()?;
        assert_eq!(response.status, 400);
        let body: Value = serde_json::from_slice(&response.body).unwrap();
        Some(body["error"].as_str().unwrap().to_owned())
    }

    #[test]
    fn id_can_be_an_integer_or_its_text() {
        for (value, expected) in [
            (json!(12), None),
            (json!("12"), None),
            (json!(-1), None),
            (json!("99999999999999999999999999999999999999999999"), None),
            (json!(12.34), Some("id is invalid")),
            (json!(12.0), Some("id is invalid")),
            (json!("12.34"), Some("id is invalid")),
            (json!("acme/app"), Some("id is invalid")),
            (json!(true), Some("id is invalid")),
            (json!([12]), Some("id is invalid")),
            (json!(""), Some("id is empty")),
            (json!("  "), Some("id is empty")),
            (json!(null), Some("id is empty")),
        ] {
            let found = complaint(&json!({ "id": value }), |check| {
                check.id("id");
            });
            assert_eq!(found.as_deref(), expected, "{value}");
        }
    }

    #[test]
    fn id_out_of_range_is_unknown() {
        for body in [
            r#"{"id": 99999999999999999999}"#,
            r#"{"id": -3}"#,
            r#"{"id": "-99999999999999999999"}"#,
        ] {
            let params = Params::read("", Some("application/json"), body.as_bytes()).unwrap();
            let mut check = params.check();
            assert_eq!(check.id("id"), UNKNOWN_ID, "{body}");
            assert_eq!(check.done(), Ok(()));
        }
    }

    #[test]
    fn boolean_is_not_a_number() {
        for (value, expected) in [
            (json!(false), None),
            (json!("false"), None),
            (json!("1"), None),
            (json!(123), Some("enabled is invalid")),
            (json!("maybe"), Some("enabled is invalid")),
            (json!(""), Some("enabled is empty")),
            (json!(null), Some("enabled is empty")),
        ] {
            let found = complaint(&json!({ "enabled": value }), |check| {
                check.boolean("enabled");
            });
            assert_eq!(found.as_deref(), expected, "{value}");
        }
    }

    #[test]
    fn all_errors_are_in_one_message() {
        let found = complaint(&json!({ "id": "x" }), |check| {
            check.id("id");
            check.id("target_project_id");
        });
        assert_eq!(found.as_deref(), Some("id is invalid, target_project_id is missing"));
    }

    #[test]
    fn form_is_read_like_json_and_body_overrides_query() {
        let params = Params::read(
            "a=1&b=2",
            Some("application/x-www-form-urlencoded; charset=utf-8"),
            b"b=3+4%2F5",
        );
        let params = params.unwrap();
        assert_eq!(
            (params.text("a").as_deref(), params.text("b").as_deref()),
            (Some("1"), Some("3 4/5"))
        );
    }

    #[test]
    fn unreadable_body_is_rejected() {
        let broken = Params::read("", Some("application/json"), b"{\"enabled\":");
        assert_eq!(
            broken,
            Err(ApiResponse::error(400, "message body does not match declared format"))
        );
        assert_eq!(Params::read("", Some("text/plain"), b"enabled").unwrap_err().status, 415);
    }
}
